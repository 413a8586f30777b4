"""`handrail doctor`: whether everything is there that serving needs."""

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click
from multidict import CIMultiDict

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.errors import HandrailError, JournalError
from handrail.classifiers.exchange import Conversation, Exchange
from handrail.policies.languages import Languages, read_languages
from handrail.policies.resources import read_directory
from handrail.policies.source import read_policy
from handrail.proxy.journal.build import build_journal
from handrail.proxy.metrics import Metrics
from handrail.proxy.settings import Settings, load_settings
from handrail.proxy.upstream import Upstream


@click.command()
@click.option("--settings", "path", type=click.Path(path_type=Path), help="YAML file of settings.")
@click.option("--upstream-url", help="Base URL of the chatbot server.")
def doctor(path: Path | None, upstream_url: str | None) -> None:
    """Check settings, model, policy, texts, resources, journal and upstream, and say what to mend."""
    settings: list[Settings] = []
    checks: list[tuple[str, Callable[[], str]]] = [
        ("settings", lambda: _settings(settings, path, upstream_url)),
        ("model", lambda: _model(settings)),
        ("policy", lambda: read_policy(_of(settings, "policy_path")).hash),
        ("texts", lambda: _texts(read_languages(_of(settings, "texts_path")))),
        ("resources", lambda: _resources(_of(settings, "resources_path"))),
        ("journal", lambda: asyncio.run(_journal(settings))),
        ("upstream", lambda: asyncio.run(_upstream(settings))),
    ]
    passed = [_run(name, check) for name, check in checks]
    sys.exit(0 if all(passed) else 1)


def _run(name: str, check: Callable[[], str]) -> bool:
    try:
        click.echo(f"ok    {name}: {check()}")
    except HandrailError as error:
        click.echo(f"WRONG {name}: {error}")
        return False
    return True


def _settings(found: list[Settings], path: Path | None, upstream_url: str | None) -> str:
    found.append(load_settings(path, upstream_url=upstream_url))
    return f"{found[0].upstream_url}, listening on {found[0].host}:{found[0].port}"


def _of(settings: list[Settings], name: str) -> Path | None:
    return getattr(settings[0], name) if settings else None


def _model(settings: list[Settings]) -> str:
    assessor = Assessor.load(_of(settings, "model_path"))
    began = time.perf_counter()
    assessor.assess([Exchange(Conversation.of([("user", "hello")]), "Hello, how are you today?")])
    return f"{assessor.version}, one short exchange in {(time.perf_counter() - began) * 1000:.0f} ms"


def _texts(languages: Languages) -> str:
    return "; ".join(f"{code}: {texts.reviewed}" for code, texts in languages.texts.items())


def _resources(path: Path | None) -> str:
    directory = read_directory(path)
    oldest = min(service.checked for place in directory.countries.values() for service in place.services)
    return f"{len(directory.countries)} countries, oldest entry of {oldest}; verify those you serve"


async def _journal(settings: list[Settings]) -> str:
    if not settings:
        return "not checked without settings"
    journal = build_journal(settings[0])
    await journal.open()
    try:
        health = await journal.health()
    finally:
        await journal.close()
    if health.store == "sqlite":
        return str(settings[0].journal_path)
    if not health.reachable:
        raise JournalError("redis_url: Redis does not answer; flagged exchanges would wait in the spool")
    return f"Redis, {health.spooled} exchanges in the spool"


async def _upstream(settings: list[Settings]) -> str:
    if not settings:
        return "not checked without settings"
    upstream = Upstream(settings[0], Metrics())
    try:
        async with upstream.send("GET", "/v1/models", CIMultiDict(), None, decode=False) as answer:
            return f"answers (status {answer.status} for /v1/models)"
    finally:
        await upstream.close()
