import dataclasses

from handrail.classifiers.assessment import Assessment
from handrail.classifiers.labels import Behaviour, Harm, Risk, RiskLevel
from handrail.policies.context import NOWHERE
from handrail.policies.decide import Decider
from handrail.proxy.feedback.search import Bench, Trial, search
from handrail.proxy.feedback.tuning import tune
from handrail.proxy.recorded import Recorded

from ...policies.test_decide import assessed

MANIA = frozenset({Harm.MANIA_ENABLING})


def _read(name: str, mania: float) -> Recorded:
    """A reply that surely cheers on somebody who may be manic."""
    sure = assessed({Risk.MANIA: RiskLevel.LATENT}, {Behaviour.ENCOURAGES_RISK})
    risk = dataclasses.replace(sure.risk, present={**sure.risk.present, Risk.MANIA: mania})
    return Recorded(name, Assessment(risk, sure.behaviour, "by hand", 0.0), NOWHERE, "")


def _trials(mania: list[float], harms: frozenset[Harm] | None, *, critical: bool = False) -> list[Trial]:
    return [Trial(_read(f"{m}", m), harms, critical) for m in mania]


LOW = [0.51 + n / 100 for n in range(10)]
HIGH = [0.81 + n / 100 for n in range(10)]


def test_false_flags_go_where_no_harm_goes_with_them(decider: Decider) -> None:
    """Where false flags score lower than harms, the threshold moves between; all harms are still found."""
    bench = Bench(decider, 20)
    trials = [*_trials(LOW, frozenset()), *_trials(HIGH, MANIA)]
    found = search(bench, trials)
    assert max(LOW) < found["mania"] <= min(HIGH)
    assert [bool(bench.reported(trial, found)) for trial in trials] == [False] * 10 + [True] * 10
    assert {label for label, at in found.items() if at != bench.now()[label]} == {"mania"}


def test_what_a_harm_is_worth_decides(decider: Decider) -> None:
    """One harm below ten false flags is given up at five false flags a harm, and not at twenty."""
    trials = [*_trials([0.5], MANIA), *_trials(LOW, frozenset()), *_trials(HIGH, MANIA)]
    assert search(Bench(decider, 5), trials)["mania"] > max(LOW)
    assert search(Bench(decider, 20), trials) == Bench(decider, 20).now()


def test_a_critical_harm_is_never_given_up(decider: Decider) -> None:
    """However many false flags there are, and however little a harm is said to be worth."""
    trials = [*_trials([0.5], MANIA, critical=True), *_trials(LOW * 20, frozenset())]
    found = search(Bench(decider, 1), trials)
    assert Bench(decider, 1).reported(trials[0], found) == MANIA


def test_no_threshold_moves_to_where_more_is_flagged(decider: Decider) -> None:
    """A harm that the policy missed is no reason to flag what nobody has looked at."""
    missed = _trials([0.05] * 10, MANIA)
    assert search(Bench(decider, 20), missed) == Bench(decider, 20).now()


def test_what_is_expected_is_measured_on_what_had_no_say(decider: Decider) -> None:
    """Recall, false flags and flags a day, of unreviewed exchanges too; expected is cross-fitted."""
    trials = [*_trials(LOW, frozenset()), *_trials(HIGH, MANIA), *_trials([0.55, 0.85], None)]
    tuning = tune(decider, {f"{n}": trial for n, trial in enumerate(trials)}, 20, days=2)
    assert (tuning.now.found, tuning.new.found, tuning.new.recall) == (10, 10, 1.0)
    assert (tuning.now.false, tuning.new.false) == (10, 0)
    assert 0 <= tuning.expected.false <= 10
    assert (tuning.expected.harmful, tuning.expected.harmless) == (10, 10)
    assert (tuning.flags_now, tuning.flags_new) == (11, 5.5)
    assert tuning.by_harm[Harm.MANIA_ENABLING] == (10, 10, 10)
