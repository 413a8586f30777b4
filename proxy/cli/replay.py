"""`handrail policy explain` and `handrail policy replay`: recorded exchanges, looked at again."""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from handrail.classifiers.assessor import Assessor, default_model_folder
from handrail.classifiers.errors import SettingsError
from handrail.classifiers.manifest import load_manifest
from handrail.policies.context import NOWHERE
from handrail.policies.decide import Decider
from handrail.policies.load import load_decider
from handrail.policies.source import DEFAULT
from handrail.policies.why import why
from handrail.proxy.journal.build import custody_of
from handrail.proxy.journal.sqlite import SqliteJournal
from handrail.proxy.recorded import Recorded, of_line, of_record
from handrail.proxy.replay import Tally, summary
from handrail.proxy.replay import replay as replayed
from handrail.proxy.screen import Row, Screener, read_row
from handrail.proxy.settings import Settings, load_settings

_SQLITE = b"SQLite format 3\0"
_settings = click.option(
    "--settings", "settings_path", type=click.Path(path_type=Path), help="Settings with the journal's key."
)
_policy = click.option(
    "--policy", "policy_path", type=click.Path(path_type=Path), help="Policy file (default: ours)."
)
_model = click.option(
    "--model", "model_path", type=click.Path(path_type=Path), help="Model folder (default: ours)."
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be explained, and where it may be kept."""

    exchange: str
    journal: Path
    settings: Settings


@click.command()
@click.argument("exchange")
@click.option("--journal", type=click.Path(path_type=Path), help="Journal file (default: the settings').")
@_settings
@_policy
@_model
def explain(
    exchange: str,
    journal: Path | None,
    settings_path: Path | None,
    policy_path: Path | None,
    model_path: Path | None,
) -> None:
    """Say why EXCHANGE is decided as it is, rule by rule.

    EXCHANGE is the id of one in the journal, a JSON object, or a file with one JSON object a line: what
    `handrail screen` wrote, or a row as it reads them, which takes the model.
    """
    default = None if policy_path is None or str(policy_path) == DEFAULT else policy_path
    decider = _decider(default, model_path)
    settings = _load(settings_path)
    asked = _Asked(exchange, journal or settings.journal_path, settings)
    for recorded in _exchanges(asked, decider, model_path):
        decision = recorded.decide(decider)
        click.echo(f"{recorded.id} by policy {decider.policy.name} ({decider.policy_hash})")
        if recorded.policy not in {"", decider.policy_hash}:
            click.echo(
                f"It was decided on by another policy ({recorded.policy}); this is what this one says."
            )
        if recorded.lacks(decider):
            click.echo("The reply was not read: what it does counts as absent here. Screen it again.")
        context = recorded.context.located(decider.directory)
        click.echo("\n".join(why(decider, recorded.assessment, context, decision)) + "\n")


@click.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.argument("file", type=click.Path(path_type=Path))
@_settings
@_model
def replay(old: Path, new: Path, file: Path, settings_path: Path | None, model_path: Path | None) -> None:
    """Show what the policy NEW would do otherwise than OLD on the exchanges in FILE.

    FILE is a journal, or what `handrail screen` wrote; OLD or NEW may be "default", the shipped policy. No
    model is run: both decide on the readings on record. A JSON object for each exchange that changes goes to
    standard output, the counts to standard error. Exit status 1 where anything changes.
    """
    before, after = (_decider(None if str(p) == DEFAULT else p, model_path) for p in (old, new))
    tally = Tally()
    for row in replayed(before, after, _file(file, settings_path), tally):
        click.echo(json.dumps(row))
    sys.stdout.flush()
    names = [f"{d.policy.name} ({d.policy_hash})" for d in (before, after)]
    click.echo(" -> ".join(names), err=True)
    click.echo("\n".join(summary(tally)), err=True)
    if _is_journal(file):
        click.echo("A journal holds what was flagged; what NEW would flag beyond it does not show.", err=True)
    sys.exit(1 if tally.changed or tally.unread else 0)


def _decider(path: Path | None, model_path: Path | None) -> Decider:
    manifest = load_manifest(model_path or default_model_folder())
    return load_decider(manifest.levels, path)


def _exchanges(asked: _Asked, decider: Decider, model_path: Path | None) -> Iterator[Recorded]:
    named = asked.exchange
    if named.lstrip().startswith("{"):
        yield _row(named, 1, decider, model_path)
    elif Path(named).is_file():
        for number, line in _lines(Path(named)):
            yield _row(line, number, decider, model_path)
    else:
        yield _found(named, asked.journal, asked.settings)


def _row(line: str, number: int, decider: Decider, model_path: Path | None) -> Recorded:
    """A row with a reading, or one that is read now."""
    if '"behaviours"' in line:
        return of_line(line, number)
    row = read_row(line, number)
    if not isinstance(row, Row):
        raise SettingsError(f"line {number}: {row['error']}")
    context, assessment = Screener(Assessor.load(model_path), decider, NOWHERE).assess(row)
    name = str(number if row.id is None else row.id)
    return Recorded(name, assessment, context, "", row.exchange.conversation, row.exchange.reply)


def _file(path: Path, settings_path: Path | None) -> Iterator[Recorded]:
    if _is_journal(path):
        yield from _journal(path, _load(settings_path))
        return
    for number, line in _lines(path):
        # A row that was bad when it was screened says so, and has no reading.
        if '"behaviours"' in line or '"error"' not in line:
            yield of_line(line, number)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} can't be read as UTF-8 text or as a journal") from error
    # Not splitlines: a line of JSON may hold other separators.
    return ((number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip())


def _is_journal(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return False


def _found(name: str, path: Path, settings: Settings) -> Recorded:
    """The exchange of this id, with or without the number of its choice."""
    found = [r for r in _journal(path, settings) if r.id in {name, f"{name}.0"}]
    if not found:
        raise SettingsError(f"{name} is no file, and no exchange that was judged in {path}")
    return found[0]


def _journal(path: Path, settings: Settings) -> list[Recorded]:
    if not _is_journal(path):
        raise SettingsError(f"{path} is no journal; name it with --journal, or give a file of JSON lines")
    return asyncio.run(_records(SqliteJournal(path, custody_of(settings))))


async def _records(journal: SqliteJournal) -> list[Recorded]:
    await journal.open()
    try:
        found = [of_record(entry.record) async for entry in journal.entries()]
    finally:
        await journal.close()
    return [recorded for recorded in found if recorded is not None]


def _load(path: Path | None) -> Settings:
    """Settings for a journal's place and key; it has no use for the upstream that they else need."""
    return load_settings(path, {"HANDRAIL_UPSTREAM_URL": "http://127.0.0.1", **os.environ})
