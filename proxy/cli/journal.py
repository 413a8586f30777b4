"""`handrail journal`: keys, retention, deletion, export and the trail of who saw and did what."""

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from handrail.classifiers.errors import JournalError
from handrail.proxy.cli.opened import SETTINGS, TIME, WHO, run, utc
from handrail.proxy.journal.audit import first_broken, link_values
from handrail.proxy.journal.desk import Desk
from handrail.proxy.journal.export import entry_values
from handrail.proxy.journal.journal import Journal
from handrail.proxy.journal.queue import Filter, State
from handrail.proxy.journal.retention import expired, prune
from handrail.proxy.journal.vault import new_key
from handrail.proxy.settings import Settings


@click.group()
def journal() -> None:
    """Look after the journal: keys, retention, deletion, export, and its trail."""


@journal.command("new-key")
@click.argument("name", default=lambda: datetime.now(UTC).strftime("%Y-%m-%d"))
def make_key(name: str) -> None:
    """Print a fresh key for the setting journal_key, called NAME (default: today's date)."""
    click.echo(new_key(name))


@journal.command("rotate-key")
@SETTINGS
@WHO
def rotate_key(path: Path | None, who: str) -> None:
    """Seal everything that is kept with the first key of the settings. The others may go afterwards."""

    async def rotate(opened: Journal, settings: Settings) -> None:
        if settings.journal_key is None and settings.journal_key_path is None:
            raise JournalError("journal_key is not set: there is no key to seal with")
        total = await Desk(opened, who).reseal()
        spooled = (await opened.health()).spooled
        click.echo(f"{total} exchanges sealed anew")
        if spooled:
            click.echo(f"{spooled} more wait in the spool: keep the old keys until they have arrived")

    run(path, rotate)


@journal.command("prune")
@SETTINGS
@WHO
@click.option("--open-days", type=click.FloatRange(0, min_open=True), help="Instead of retention_open_days.")
@click.option("--done-days", type=click.FloatRange(0, min_open=True), help="Instead of retention_done_days.")
def prune_old(path: Path | None, who: str, open_days: float | None, done_days: float | None) -> None:
    """Delete what has been kept for as long as the settings, or the options, say."""

    async def delete(opened: Journal, settings: Settings) -> None:
        days = (open_days or settings.retention_open_days, done_days or settings.retention_done_days)
        if days == (None, None):
            raise JournalError("set retention_open_days or retention_done_days, or give an option")
        total = await prune(opened, expired(*days, datetime.now(UTC)), who)
        click.echo(f"{total} exchanges deleted")

    run(path, delete)


@journal.command()
@SETTINGS
@WHO
@click.option("--user", required=True, help="The user's own name, or the pseudonym (u_…) from an export.")
def delete(path: Path | None, who: str, user: str) -> None:
    """Delete all that is kept of a user, with its reviews."""

    async def forget(opened: Journal, settings: Settings) -> None:
        pseudonym = user if user.startswith("u_") else opened.pseudonym(user)
        if pseudonym is None:
            raise JournalError("the secret for pseudonyms is out of reach; try again when Redis answers")
        click.echo(f"{await Desk(opened, who).delete_user(pseudonym)} exchanges deleted")

    run(path, forget)


@journal.command()
@SETTINGS
@WHO
@click.option("--since", type=TIME, help="First moment (UTC) of the exchanges.")
@click.option("--until", type=TIME, help="Moment (UTC) before which they were.")
@click.option("--state", "states", multiple=True, type=click.Choice([str(s) for s in State]))
def export(
    path: Path | None, who: str, since: datetime | None, until: datetime | None, states: tuple[str, ...]
) -> None:
    """Write exchanges with their reviews to standard output, one JSON object a line, oldest first."""
    chosen = Filter(frozenset(map(State, states)), since=utc(since), until=utc(until))

    async def write(opened: Journal, settings: Settings) -> None:
        async for entry in Desk(opened, who).export(chosen):
            click.echo(json.dumps(entry_values(entry)))

    run(path, write)


@journal.command()
@SETTINGS
@click.option("--verify", is_flag=True, help="Only say whether the trail is whole. Exit status 1 if not.")
@click.option("--head", help="With --verify: a hash noted earlier, which must be on the trail.")
def audit(path: Path | None, verify: bool, head: str | None) -> None:
    """Write the trail of who saw and did what, one JSON object a line, oldest first."""

    async def show(opened: Journal, settings: Settings) -> None:
        links = [link async for link in opened.trail()]
        if not verify:
            for link in links:
                click.echo(json.dumps(link_values(link)))
            return
        broken = first_broken(links)
        if broken is not None:
            click.echo(f"the trail is broken at {broken}")
            sys.exit(1)
        if head is not None and head not in {link.hash for link in links}:
            click.echo("the trail is whole, but does not hold this hash: it was cut off or made anew")
            sys.exit(1)
        last = f", last hash {links[-1].hash}" if links else ""
        click.echo(f"the trail is whole: {len(links)} acts{last}")

    run(path, show)


@journal.command()
@SETTINGS
def status(path: Path | None) -> None:
    """Say where the journal is, and how many exchanges, alerts and rows in the spool wait."""

    async def show(opened: Journal, settings: Settings) -> None:
        counts = await opened.counts()
        states = {"exchanges": counts.total, **counts.states, "overdue": counts.overdue.total()}
        click.echo(json.dumps({**asdict(await opened.health()), **states}))

    run(path, show)
