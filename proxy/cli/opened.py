"""What commands that work with the journal have in common: its settings, opening it, and times."""

import asyncio
import getpass
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from handrail.classifiers.assessor import default_model_folder
from handrail.classifiers.errors import JournalError
from handrail.classifiers.manifest import load_manifest
from handrail.policies.decide import Decider
from handrail.policies.load import load_decider
from handrail.proxy.journal.build import build_journal
from handrail.proxy.journal.journal import Journal
from handrail.proxy.logs import configure
from handrail.proxy.settings import Settings, load_settings

SETTINGS = click.option("--settings", "path", type=click.Path(path_type=Path), help="YAML file of settings.")
WHO = click.option("--who", default=getpass.getuser, help="Name on the trail (default: yours here).")
TIME = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])
Work = Callable[[Journal, Settings], Awaitable[None]]


def run(path: Path | None, work: Work) -> None:
    """Do work with the journal of the settings, open. Raises SettingsError and JournalError."""
    settings = load(path)
    configure("error")
    asyncio.run(_work(settings, work))


def load(path: Path | None) -> Settings:
    """Settings for a journal's place and key; it has no use for the upstream that they else need."""
    return load_settings(path, {"HANDRAIL_UPSTREAM_URL": "http://127.0.0.1", **os.environ})


def decider_of(settings: Settings, policy: Path | None, model: Path | None) -> Decider:
    """The policy of the settings, or another, bound to a model's thresholds; no model is run."""
    manifest = load_manifest(model or settings.model_path or default_model_folder())
    paths = (policy or settings.policy_path, settings.texts_path, settings.resources_path)
    return load_decider(manifest.levels, *paths)


def utc(moment: datetime | None) -> datetime | None:
    """A time that was given without a zone, in UTC."""
    return None if moment is None else moment.replace(tzinfo=UTC)


async def _work(settings: Settings, work: Work) -> None:
    async with _opened(settings) as opened:
        await work(opened, settings)


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Journal]:
    if settings.redis_url is None and not settings.journal_path.exists():
        raise JournalError(f"there is no journal at {settings.journal_path}; name its settings or path")
    opened = build_journal(settings)
    await opened.open()
    try:
        yield opened
    finally:
        await opened.close()
