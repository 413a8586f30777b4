"""`handrail review export`, `drift` and `compliance`: what is made of reviews and daily counts."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import click

from handrail.classifiers.errors import JournalError, SettingsError
from handrail.proxy.cli.opened import SETTINGS, TIME, WHO, decider_of, run, utc
from handrail.proxy.feedback import compliance_text, drift_text
from handrail.proxy.feedback.compliance import report
from handrail.proxy.feedback.drift import drifts
from handrail.proxy.feedback.reviewed import DONE, by_week
from handrail.proxy.feedback.rows import Rows, calibration_row, corpus_row
from handrail.proxy.feedback.weeks import Week, week_of
from handrail.proxy.journal.audit import Act
from handrail.proxy.journal.desk import Desk
from handrail.proxy.journal.journal import Journal
from handrail.proxy.settings import Settings

_MAKE = {"corpus": corpus_row, "calibration": calibration_row}
_DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@SETTINGS
@WHO
@click.option("--as", "kind", type=click.Choice(list(_MAKE)), required=True, help="What the rows are for.")
@click.option("--since", type=TIME, help="First moment (UTC) of the exchanges.")
@click.option("--until", type=TIME, help="Moment (UTC) before which they were.")
@click.option("--policy", type=click.Path(path_type=Path), help="Policy file (default: the settings').")
@click.option("--model", type=click.Path(path_type=Path), help="Model folder (default: the settings').")
def export(  # noqa: PLR0913  (one parameter an option is how click works)
    path: Path | None,
    who: str,
    kind: str,
    since: datetime | None,
    until: datetime | None,
    policy: Path | None,
    model: Path | None,
) -> None:
    """Write reviewed exchanges to standard output, as rows of a corpus or as `handrail calibrate` reads them.

    One JSON object a line, oldest first. They hold what people wrote: keep them as you keep the journal.
    """
    chosen = replace(DONE, since=utc(since), until=utc(until))

    async def write(opened: Journal, settings: Settings) -> None:
        rows = Rows(decider_of(settings, policy, model))
        written = 0
        async for row in rows.of(Desk(opened, who).export(chosen), _MAKE[kind]):
            click.echo(json.dumps(row, ensure_ascii=False))
            written += 1
        click.echo(f"{written} rows", err=True)
        for why, count in rows.left_out.most_common():
            click.echo(f"{count} exchanges left out: they {why}", err=True)

    run(path, write)


@click.command()
@SETTINGS
@WHO
@click.option("--from", "first", type=_DAY, required=True, help="First day (UTC).")
@click.option("--to", "last", type=_DAY, required=True, help="Last day (UTC), which counts too.")
@click.option(
    "--by", type=click.Choice(["month", "quarter", "year", "whole"]), default="whole", show_default=True
)
@click.option("--format", "manner", type=click.Choice(["csv", "json"]), default="csv", show_default=True)
@click.option(
    "--suppress-below",
    "least",
    type=click.IntRange(min=2),
    help="Hold back counts from 1 to below this (11 is usual), and what would give one away.",
)
def compliance(  # noqa: PLR0913  (one parameter an option is how click works)
    path: Path | None, who: str, first: datetime, last: datetime, by: str, manner: str, least: int | None
) -> None:
    """Write counts of crisis referrals and interventions by period to standard output, without content.

    They are counted when a reply is sent, and stay when exchanges are deleted.
    """
    begin, end = first.date(), last.date()
    if begin > end:
        raise SettingsError(f"--from {begin} is after --to {end}")

    async def show(opened: Journal, _: Settings) -> None:
        await opened.audit(Act(who, "reported", detail=f"counts from {begin} to {end}"))
        days = await opened.days()
        since = days[0].date if days else None
        periods = report(days, begin, end, by, least or 0)  # type: ignore[arg-type]
        as_csv = manner == "csv"
        bound = least or 0
        text = (
            compliance_text.as_csv(periods, bound)
            if as_csv
            else compliance_text.as_json(periods, bound, since)
        )
        click.echo(text, nl=False)
        for caveat in _caveats(begin, end, since):
            click.echo(caveat, err=True)

    run(path, show)


@click.command()
@SETTINGS
@WHO
@click.option(
    "--weeks", type=click.IntRange(min=1), default=12, show_default=True, help="Weeks shown, up to now."
)
@click.option("--baseline", type=_DAY, help="A day of the week to compare with (default: the first shown).")
@click.option("--format", "manner", type=click.Choice(["text", "json"]), default="text", show_default=True)
def drift(path: Path | None, who: str, weeks: int, baseline: datetime | None, manner: str) -> None:
    """Show week by week how scores, flags and agreement change.

    Scores of all replies are compared by the population stability index with those of one week; flags are
    shown in a thousand replies, by harm and rule; confirmed is the share of reviewed flags that reviewers
    found right.
    """

    async def show(opened: Journal, _: Settings) -> None:
        await opened.audit(Act(who, "reported", detail="drift"))
        known = await by_week(opened)
        if not known:
            raise JournalError("nothing has been counted yet: drift shows once replies have been screened")
        shown = known[-weeks:]
        against = _baseline(known, shown[0], baseline)
        found = drifts([against, *shown] if against not in shown else shown, against)
        as_text = drift_text.as_text if manner == "text" else drift_text.as_json
        click.echo(as_text(found, against), nl=False)

    run(path, show)


def _baseline(known: list[Week], first: Week, chosen: datetime | None) -> Week:
    if chosen is None:
        return first
    name = week_of(chosen.date())
    found = next((week for week in known if week.name == name), None)
    if found is None:
        raise SettingsError(
            f"--baseline: nothing is known of {name}; there are {', '.join(w.name for w in known)}"
        )
    return found


def _caveats(begin: date, end: date, since: date | None) -> Iterator[str]:
    if since is None or begin < since:
        yield f"Nothing was counted before {since or 'today'}: what happened earlier is not in these numbers."
    if end >= datetime.now(UTC).date():
        yield f"{end} is not over: these numbers will grow."
