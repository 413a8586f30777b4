"""`handrail review`: the review pages, and who may sign in to them."""

import asyncio
import getpass
import os
import secrets
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import click

from handrail.classifiers.errors import SettingsError
from handrail.proxy.cli.feedback import compliance, drift, export
from handrail.proxy.journal.audit import Act
from handrail.proxy.journal.build import build_journal
from handrail.proxy.journal.journal import Journal
from handrail.proxy.logs import configure, logger
from handrail.proxy.review.account import Account, Role, account_name
from handrail.proxy.review.accounts import Accounts, build_accounts
from handrail.proxy.review.app import build_review
from handrail.proxy.review.password import hashed
from handrail.proxy.server import Site
from handrail.proxy.server import serve as run
from handrail.proxy.settings import Settings, load_settings

Work = Callable[[Accounts, Journal], Awaitable[None]]

_SETTINGS = click.option("--settings", "path", type=click.Path(path_type=Path), help="YAML file of settings.")
_WHO = click.option("--who", default=getpass.getuser, help="Name on the trail (default: yours here).")
_ROLE = click.Choice([str(role) for role in Role])
_WORD = click.option(
    "--password",
    "manner",
    type=click.Choice(["ask", "stdin", "none"]),
    default="ask",
    show_default=True,
    help="Ask for it, read a line of standard input, or none: then a trusted proxy alone signs them in.",
)


@click.group()
def review() -> None:
    """Serve the review pages; add and remove those who may sign in; report on what was reviewed."""


for _command in (export, drift, compliance):
    review.add_command(_command)


@review.command()
@_SETTINGS
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on; 0 takes a free one.")
def serve(path: Path | None, host: str | None, port: int | None) -> None:
    """Serve the review pages of the journal that the settings name."""
    settings = _settings(path, review_host=host, review_port=port)
    configure(settings.log_level)
    site = Site(build_review(settings), settings.review_host, settings.review_port, settings.max_header_bytes)

    def ready(url: str) -> None:
        logger("review").info("ready", url=url)
        click.echo(f"handrail's review pages are at {url}/review", err=True)

    asyncio.run(run(site, settings.drain_seconds, ready))


@review.command("add-user")
@_SETTINGS
@_WHO
@_WORD
@click.argument("name")
@click.option("--role", type=_ROLE, default="reviewer", show_default=True)
def add_user(path: Path | None, who: str, manner: str, name: str, role: str) -> None:
    """Let NAME sign in. The password is asked for, read from standard input, or made and printed once."""
    plain = account_name(name)
    password = _password(manner)

    async def add(accounts: Accounts, journal: Journal) -> None:
        if await accounts.find(plain) is not None:
            raise SettingsError(f"{plain} is there already; see set-password and set-role")
        account = Account(plain, Role(role), password, time.time())
        await journal.audit(Act(who, "added an account", detail=f"{plain}, {role}"))
        await accounts.put(account)
        click.echo(f"{plain} may sign in as {role}")

    _run(path, add)


@review.command("set-password")
@_SETTINGS
@_WHO
@_WORD
@click.argument("name")
def set_password(path: Path | None, who: str, manner: str, name: str) -> None:
    """Give NAME another password; wherever they are signed in, they are signed out."""
    password = _password(manner)

    async def change(accounts: Accounts, journal: Journal) -> None:
        account = await _found(accounts, name)
        await journal.audit(Act(who, "set a password", detail=account.name))
        await accounts.put(Account(account.name, account.role, password, time.time()))
        click.echo(f"{account.name} has another password")

    _run(path, change)


@review.command("set-role")
@_SETTINGS
@_WHO
@click.argument("name")
@click.argument("role", type=_ROLE)
def set_role(path: Path | None, who: str, name: str, role: str) -> None:
    """Give NAME another role; wherever they are signed in, they are signed out."""

    async def change(accounts: Accounts, journal: Journal) -> None:
        account = await _found(accounts, name)
        await journal.audit(Act(who, "set a role", detail=f"{account.name}, {role}"))
        await accounts.put(Account(account.name, Role(role), account.password, time.time()))
        click.echo(f"{account.name} is {role}")

    _run(path, change)


@review.command("remove-user")
@_SETTINGS
@_WHO
@click.argument("name")
def remove_user(path: Path | None, who: str, name: str) -> None:
    """Remove NAME at once, also where they are signed in. Their reviews stay."""

    async def remove(accounts: Accounts, journal: Journal) -> None:
        account = await _found(accounts, name)
        await journal.audit(Act(who, "removed an account", detail=account.name))
        await accounts.remove(account.name)
        click.echo(f"{account.name} is removed; what they hold stays claimed until a lead takes it back")

    _run(path, remove)


@review.command("list-users")
@_SETTINGS
def list_users(path: Path | None) -> None:
    """Say who may sign in, and as what."""

    async def show(accounts: Accounts, _: Journal) -> None:
        for account in await accounts.all():
            click.echo(f"{account.name}\t{account.role}\t{'password' if account.password else 'external'}")

    _run(path, show)


def _password(manner: str) -> str | None:
    """The hash of a new password."""
    if manner == "none":
        return None
    return hashed(sys.stdin.readline().rstrip("\r\n") if manner == "stdin" else _asked())


def _asked() -> str:
    typed = str(click.prompt("Password (empty: make one)", default="", hide_input=True, show_default=False))
    if typed and typed != click.prompt("The same again", hide_input=True):
        raise SettingsError("password: the two are not the same")
    if not typed:
        typed = secrets.token_urlsafe(15)
        click.echo(f"Password, shown this once: {typed}")
    return typed


async def _found(accounts: Accounts, name: str) -> Account:
    account = await accounts.find(account_name(name))
    if account is None:
        raise SettingsError(f"there is no account {account_name(name)}; see list-users")
    return account


def _settings(path: Path | None, **overrides: object) -> Settings:
    # The pages have no use for an upstream, which the settings otherwise need.
    return load_settings(path, {"HANDRAIL_UPSTREAM_URL": "http://127.0.0.1", **os.environ}, **overrides)


def _run(path: Path | None, work: Work) -> None:
    settings = _settings(path)
    configure("error")
    asyncio.run(_work(settings, work))


async def _work(settings: Settings, work: Work) -> None:
    journal, accounts = build_journal(settings), build_accounts(settings)
    await journal.open()
    try:
        await accounts.open()
        try:
            await work(accounts, journal)
        finally:
            await accounts.close()
    finally:
        await journal.close()
