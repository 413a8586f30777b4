"""Tuning: the thresholds that reviews speak for, and what they would change in recall and workload. Pure.

What is expected is measured by cross-fitting: thresholds are sought on four fifths of the reviewed
exchanges and tried on the fifth that had no say in them, for each fifth in turn. Recall is of the harms
that reviewers found in what is on record; what was never flagged is not there to be counted.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass

from handrail.classifiers.labels import HARMS, Harm
from handrail.policies.decide import Decider
from handrail.proxy.feedback.search import Bench, Trial, search

FOLDS = 5
Thresholds = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of `harmful` exchanges those `found` to do a harm they do; of `harmless` ones those flagged."""

    harmful: int
    found: int
    harmless: int
    false: int

    @property
    def recall(self) -> float | None:
        """The share of the harmful exchanges that are found."""
        return self.found / self.harmful if self.harmful else None


@dataclass(frozen=True, slots=True)
class Tuning:
    """Thresholds that had better change (from, to), and what is expected of them.

    `now` and `new` are outcomes on all reviewed exchanges, `expected` the cross-fitted one; `by_harm` has for
    each harm how often it was confirmed, and how often it is reported there now and would be. Flags are
    counted a day, over `days` days, in all exchanges on record.
    """

    changed: Mapping[str, tuple[float, float]]
    now: Outcome
    new: Outcome
    expected: Outcome
    by_harm: Mapping[Harm, tuple[int, int, int]]
    days: int
    flags_now: float
    flags_new: float


def tune(decider: Decider, trials: Mapping[str, Trial], worth: float, days: int) -> Tuning:
    """A proposal from exchanges by id; `days` are those they came in."""
    bench = Bench(decider, worth)
    settled = [trial for trial in trials.values() if trial.harms is not None]
    now, new = bench.now(), search(bench, settled)
    return Tuning(
        changed={label: (now[label], new[label]) for label in now if new[label] != now[label]},
        now=_outcome(bench, settled, now),
        new=_outcome(bench, settled, new),
        expected=_crossed(bench, trials),
        by_harm={harm: _reported(harm, bench, settled, now, new) for harm in HARMS},
        days=days,
        flags_now=_flags(bench, trials.values(), now) / days,
        flags_new=_flags(bench, trials.values(), new) / days,
    )


def _outcome(bench: Bench, trials: Sequence[Trial], thresholds: Thresholds) -> Outcome:
    harmful = [trial for trial in trials if trial.harms]
    harmless = [trial for trial in trials if not trial.harms]
    found = sum(bool((trial.harms or set()) & bench.reported(trial, thresholds)) for trial in harmful)
    return Outcome(len(harmful), found, len(harmless), _flags(bench, harmless, thresholds))


def _crossed(bench: Bench, trials: Mapping[str, Trial]) -> Outcome:
    """The outcome on each fifth by the thresholds of the others; an exchange's fifth is its id's hash."""
    settled = {name: trial for name, trial in trials.items() if trial.harms is not None}
    folds: list[list[Trial]] = [[] for _ in range(FOLDS)]
    for name, trial in settled.items():
        folds[int(hashlib.sha256(name.encode()).hexdigest(), 16) % FOLDS].append(trial)
    outcomes = []
    for at, fold in enumerate(folds):
        others = [trial for n, other in enumerate(folds) if n != at for trial in other]
        outcomes.append(_outcome(bench, fold, search(bench, others)))
    return Outcome(*(sum(values) for values in zip(*map(astuple, outcomes), strict=True)))


def _reported(
    harm: Harm, bench: Bench, trials: Sequence[Trial], now: Thresholds, new: Thresholds
) -> tuple[int, int, int]:
    confirmed = [trial for trial in trials if trial.harms and harm in trial.harms]
    before, after = (sum(harm in bench.reported(t, held) for t in confirmed) for held in (now, new))
    return len(confirmed), before, after


def _flags(bench: Bench, trials: Iterable[Trial], thresholds: Thresholds) -> int:
    return sum(bool(bench.reported(trial, thresholds)) for trial in trials)
