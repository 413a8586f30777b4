"""Search: thresholds by which fewer reviewed exchanges would be flagged for nothing. Pure.

A journal holds what was flagged, so it can teach what to flag less, and not what to flag more: of replies
that nobody flagged nobody knows. So thresholds only move to the side on which a policy flags no more than
now: up for risks and harmful behaviours, down for behaviours that protect. A harm that reviewers confirmed
is worth so many false flags as the operator says. From the thresholds in force, step by step, the one
change of one threshold is taken that gains most, until none gains enough (coordinate ascent). A critical
harm that is found now is never given up. Decisions are made by the policy's own rules on the readings on
record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from handrail.classifiers.labels import PROTECTIVE, RISKS, Behaviour, Harm, Risk
from handrail.classifiers.manifest import EXPLICIT, OWED, THRESHOLDS
from handrail.policies.decide import Decider
from handrail.policies.ruling import weigh_rules
from handrail.policies.thresholds import Thresholds
from handrail.policies.truth import Facts
from handrail.proxy.recorded import Recorded

# As calibration has it: further out a threshold would rest on a handful of examples.
_LOW, _HIGH = 0.02, 0.98
# Places at which a threshold is tried; steps taken at most; false flags that a step must be worth.
_TRIED, _STEPS, _LEAST = 8, 12, 3
_NEVER = 10**6


@dataclass(frozen=True, slots=True)
class Trial:
    """An exchange as it was read, and the harms that its reviewers found; None where that is open."""

    recorded: Recorded
    harms: frozenset[Harm] | None = None
    critical: bool = False

    def score(self, label: str) -> float:
        """The probability that a threshold is held against."""
        risk = self.recorded.assessment.risk
        if label.endswith(EXPLICIT):
            return risk.explicit[Risk(label.removesuffix(EXPLICIT))]
        name = label.removesuffix(OWED)
        if name in set(RISKS):
            return risk.present[Risk(name)]
        return self.recorded.assessment.behaviour.probabilities[Behaviour(name)]


@dataclass(frozen=True, slots=True)
class Bench:
    """Where thresholds are tried: a policy, and how many false flags a harm found is worth."""

    decider: Decider
    worth: float

    def now(self) -> dict[str, float]:
        """The thresholds in force."""
        return {label: self.decider.threshold(label) for label in THRESHOLDS}

    def reported(self, trial: Trial, thresholds: Mapping[str, float]) -> frozenset[Harm]:
        """The harms that the policy would report with these thresholds."""
        recorded = trial.recorded
        held = Thresholds(self.decider.levels, thresholds)
        context = recorded.context.located(self.decider.directory)
        facts = Facts(recorded.assessment.risk, context, held, recorded.assessment.behaviour.probabilities)
        rulings = weigh_rules(self.decider.policy.rules, facts)
        return frozenset(ruling.rule.harm for ruling in rulings if ruling.fires is True)

    def value(self, trial: Trial, reported: frozenset[Harm]) -> float:
        """What a decision is worth: a harm found so much, a false flag one less than nothing."""
        if not trial.harms:
            return -1.0 if reported else 0.0
        found = bool(trial.harms & reported)
        return found * (_NEVER if trial.critical else self.worth)


def search(bench: Bench, trials: Sequence[Trial]) -> dict[str, float]:
    """All thresholds, those changed that had better be; `trials` are settled ones."""
    thresholds = bench.now()
    for _ in range(_STEPS):
        move = _best_move(bench, trials, thresholds)
        if move is None:
            break
        thresholds[move[0]] = move[1]
    return thresholds


def _best_move(
    bench: Bench, trials: Sequence[Trial], thresholds: Mapping[str, float]
) -> tuple[str, float] | None:
    """The change of one threshold that gains most; None where none gains enough."""
    flagged = [(trial, reported) for trial in trials if (reported := bench.reported(trial, thresholds))]
    best, least = None, float(_LEAST)
    for label, now in thresholds.items():
        # All others stand on the same side of the threshold as before.
        for at in _tried(label, now, [trial.score(label) for trial, _ in flagged if not trial.harms]):
            low, high = min(now, at), max(now, at)
            changed = [each for each in flagged if low <= each[0].score(label) < high]
            # No more can be gained than there are false flags among them.
            if sum(not trial.harms for trial, _ in changed) < least:
                continue
            gain = _gain(bench, changed, {**thresholds, label: at})
            if gain >= least:
                best, least = (label, at), gain + 1
    return best


def _gain(
    bench: Bench, changed: Sequence[tuple[Trial, frozenset[Harm]]], moved: Mapping[str, float]
) -> float:
    return sum(
        bench.value(trial, bench.reported(trial, moved)) - bench.value(trial, before)
        for trial, before in changed
    )


def _tried(label: str, now: float, scores: Sequence[float]) -> list[float]:
    """Places just beyond the scores of false flags, on the side where less is flagged, evenly drawn."""
    if label in PROTECTIVE:
        beyond = {round(score - 0.0001, 4) for score in scores if _LOW < score < now}
    else:
        beyond = {round(score + 0.0001, 4) for score in scores if now <= score < _HIGH}
    places = sorted(beyond)
    return places[:: max(1, -(-len(places) // _TRIED))] + places[-1:]
