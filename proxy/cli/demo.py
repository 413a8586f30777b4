"""`handrail demo`: the guarded demo chat on this machine."""

import asyncio
import secrets
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import click
from aiohttp import web

from handrail.classifiers.errors import SettingsError
from handrail.proxy.app import Judgement, build_app, load_judgement
from handrail.proxy.demo.bank import read_bank
from handrail.proxy.demo.bot import MODEL, build_bot
from handrail.proxy.demo.page import Bots, build_page
from handrail.proxy.logs import configure
from handrail.proxy.review.account import Account, Role
from handrail.proxy.review.accounts import build_accounts
from handrail.proxy.review.app import build_review
from handrail.proxy.review.password import hashed
from handrail.proxy.server import Site, start, until_stopped
from handrail.proxy.settings import Settings, load_settings

_HOST = "127.0.0.1"
# Seconds between two tokens of the sample chatbot: about the pace of a small model.
_PACE = 0.02
_REVIEWER = "demo"


@click.command()
@click.option("--upstream-url", help="Guard this OpenAI-compatible server instead of the sample chatbot.")
@click.option("--model", help="Model to ask the server for (default: the first it lists).")
@click.option("--port", default=8600, show_default=True, help="Port of the page; 0 takes a free one.")
@click.option(
    "--locale", default=None, help="Where you are, such as en-GB: decides which resources are named."
)
def demo(upstream_url: str | None, model: str | None, port: int, locale: str | None) -> None:
    """Start a sample chatbot, the proxy in front of it, a page that shows both, and the review pages."""
    configure("warning")
    with tempfile.TemporaryDirectory(prefix="handrail-demo-") as folder:
        journal = Path(folder) / "demo.db"
        asyncio.run(_run(upstream_url, model, port, locale, journal))


async def _run(
    upstream_url: str | None, model: str | None, port: int, locale: str | None, journal: Path
) -> None:
    async with AsyncExitStack() as stack:
        bare = upstream_url or await start(Site(build_bot(read_bank(), _PACE), _HOST, 0), stack)
        bare = bare.rstrip("/").removesuffix("/v1")
        # One person alone: nobody else is there for a second reading.
        kept = {"journal_path": journal, "review_second_share": 0}
        settings = load_settings(None, {}, upstream_url=bare, locale=locale, **kept)
        proxy, guarded = await _start_proxy(settings, load_judgement(settings), port, stack)
        review = await start(Site(build_review(settings), _HOST, port + 2 if port else 0), stack)
        name = model or (MODEL if upstream_url is None else await _first_model(bare))
        page = await start(
            Site(build_page(Bots(bare, guarded, name, f"{review}/review"), proxy), _HOST, port), stack
        )
        password = await _let_in(settings)
        _announce(
            [
                ("page", page),
                ("guarded chatbot", f"{guarded}/v1"),
                ("bare chatbot", f"{bare}/v1"),
                ("review pages", f"{review}/review"),
                ("sign in there as", f"{_REVIEWER}, password {password}"),
            ]
        )
        await until_stopped()


async def _start_proxy(
    settings: Settings, judgement: Judgement, port: int, stack: AsyncExitStack
) -> tuple[web.Application, str]:
    """The proxy, on the port after the page's, so that a client can be pointed at it again tomorrow."""
    app = build_app(settings, judgement)
    return app, await start(Site(app, _HOST, port + 1 if port else 0), stack)


async def _let_in(settings: Settings) -> str:
    """Make an account for the review pages; give its password."""
    password = secrets.token_urlsafe(12)
    accounts = build_accounts(settings)
    await accounts.open()
    await accounts.put(Account(_REVIEWER, Role.LEAD, hashed(password), time.time()))
    await accounts.close()
    return password


async def _first_model(base: str) -> str:
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as client,
            client.get(f"{base}/v1/models") as answer,
        ):
            return str((await answer.json())["data"][0]["id"])
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, IndexError, TypeError) as error:
        raise SettingsError(f"upstream_url: {base} lists no models; name one with --model") from error


def _announce(urls: Sequence[tuple[str, str]]) -> None:
    click.echo("handrail demo is ready.")
    for name, url in urls:
        click.echo(f"  {name + ':':18} {url}")
    click.echo("Press Ctrl+C to stop.")
