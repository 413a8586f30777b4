"""`handrail calibrate --from-reviews`: thresholds that reviewers' findings speak for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import click

from handrail.classifiers.errors import JournalError, SettingsError
from handrail.policies.decide import Decider
from handrail.policies.rewrite import write_thresholds
from handrail.proxy.cli.opened import decider_of, load, run, utc
from handrail.proxy.feedback.reviewed import trials_of
from handrail.proxy.feedback.tuning import Outcome, Tuning, tune
from handrail.proxy.journal.audit import Act
from handrail.proxy.journal.journal import Journal
from handrail.proxy.journal.queue import Filter
from handrail.proxy.settings import Settings

_FEW = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command was asked for."""

    settings: Path | None
    who: str
    since: datetime | None
    worth: float
    policy: Path | None
    model: Path | None
    write: bool


def tune_from_reviews(asked: Asked) -> dict[str, float]:
    """Show what reviews speak for, write it where asked to, and give the thresholds that would change."""
    settings = load(asked.settings)
    policy = asked.policy or settings.policy_path
    if asked.write and policy is None:
        raise SettingsError(
            "--write needs a policy of your own to put thresholds into: give --policy FILE; one that says "
            "`version: 1`, `name: mine` and `extends: default` is enough"
        )
    decider = decider_of(settings, policy, asked.model)
    found: list[Tuning] = []

    async def propose(opened: Journal, _: Settings) -> None:
        await opened.audit(Act(asked.who, "calibrated", detail="from reviews"))
        found.append(await _tuning(opened, decider, asked))

    run(asked.settings, propose)
    (tuning,) = found
    click.echo("\n".join(_lines(tuning, asked.worth)))
    changed = {str(label): new for label, (_, new) in tuning.changed.items()}
    if asked.write and changed and policy is not None:
        write_thresholds(policy, changed)
        click.echo(f"wrote {len(changed)} thresholds into {policy}", err=True)
    return changed


async def _tuning(opened: Journal, decider: Decider, asked: Asked) -> Tuning:
    trials, dates, unread = await trials_of(opened, decider, Filter(since=utc(asked.since)))
    if not any(trial.harms is not None for trial in trials.values()):
        raise JournalError("nobody's review has settled an exchange yet: there is nothing to go by")
    if unread:
        click.echo(f"{unread} exchanges left out: they could not be judged, or were not read", err=True)
    return tune(decider, trials, asked.worth, _days(dates))


def _days(dates: set[date]) -> int:
    return (max(dates) - min(dates)).days + 1


def _lines(tuning: Tuning, worth: float) -> Iterator[str]:
    if tuning.changed:
        yield f"{'threshold':32} {'now':>7} {'new':>7}"
        yield from (f"{label:32} {now:7.4f} {new:7.4f}" for label, (now, new) in tuning.changed.items())
    else:
        yield "No other threshold is worth it: reviews speak for those in force."
    yield ""
    yield f"{'reviewed exchanges':32} {'now':>12} {'new':>12} {'expected':>12}"
    columns = (tuning.now, tuning.new, tuning.expected)
    yield _row("harms found (recall)", [f"{o.found}/{o.harmful} {_share(o)}" for o in columns])
    yield _row("false flags", [f"{o.false}/{o.harmless}" for o in columns])
    for harm, (confirmed, before, after) in tuning.by_harm.items():
        if confirmed:
            yield _row(f"  {harm}", [f"{before}/{confirmed}", f"{after}/{confirmed}"])
    flags = [f"{tuning.flags_now:.1f}", f"{tuning.flags_new:.1f}"]
    yield _row(f"flags a day, over {tuning.days} days", flags)
    yield from _caveats(tuning, worth)


def _row(name: str, values: list[str]) -> str:
    return f"{name:32} " + " ".join(f"{value:>12}" for value in values)


def _share(outcome: Outcome) -> str:
    return "" if outcome.recall is None else f"{outcome.recall:.0%}"


def _caveats(tuning: Tuning, worth: float) -> Iterator[str]:
    yield ""
    yield f"A harm found counts as {worth:g} false flags (--worth); a critical one found is never given up."
    yield "Expected: each fifth of the reviewed exchanges by thresholds of the others."
    yield "Recall is of the harms on record, among what was flagged; what was missed altogether is not known."
    settled = tuning.now.harmful + tuning.now.harmless
    if settled < _FEW:
        yield f"Only {settled} exchanges are reviewed and settled: treat with care."
    missed = tuning.now.harmful - tuning.now.found
    if missed:
        yield (
            f"{missed} harms were not reported as what reviewers found. Reviews of what was flagged can't "
            "say what to flag more: that takes labelled exchanges (handrail calibrate FILES)."
        )
