import numpy as np
import pytest

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.calibration import (
    Bounds,
    Cases,
    expected_calibration_error,
    reliability,
    score,
    sets_of,
    sigmoid,
    temperature_of,
    threshold_of,
    thresholds_of,
)
from handrail.classifiers.labelled import Labelled
from handrail.classifiers.labels import BEHAVIOURS, Behaviour
from handrail.classifiers.manifest import THRESHOLDS

RNG = np.random.default_rng(7)
TRUE_LOGITS = RNG.normal(0, 2, 6000)
TRUTH = RNG.random(6000) < sigmoid(TRUE_LOGITS)
CASES = Cases(sigmoid(TRUE_LOGITS), TRUTH)


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_over_confidence(scale: float) -> None:
    """Logits stretched by a factor are given about that factor as their temperature."""
    assert temperature_of(TRUE_LOGITS * scale, TRUTH.astype(float)) == pytest.approx(scale, rel=0.1)


def test_one_class_only_leaves_all_as_it_is() -> None:
    """Where a label never occurs there is nothing to calibrate on."""
    never = np.zeros(6000)
    assert temperature_of(TRUE_LOGITS, never) == 1.0
    assert threshold_of("minimises", Cases(CASES.probabilities, never > 0), Bounds()) == 0.5


@pytest.mark.parametrize(
    ("label", "bound"), [("mania", "risk"), ("gives_means", "harmful"), ("stigmatises", "stigma")]
)
@pytest.mark.parametrize("share", [0.01, 0.05, 0.2])
def test_thresholds_keep_their_bound_and_no_more(label: str, bound: str, share: float) -> None:
    """No more than the stated share of negatives is flagged, and the next lower threshold would break it."""
    threshold = threshold_of(label, CASES, Bounds(**{bound: share}))
    found = CASES.false_positive_rate(threshold)
    assert found is not None
    assert found <= share
    below = np.max(CASES.probabilities[~TRUTH][CASES.probabilities[~TRUTH] < threshold])
    looser = CASES.false_positive_rate(float(below))
    assert looser is not None
    assert looser > share - 1 / (~TRUTH).sum()


def test_protection_is_rarely_overlooked() -> None:
    """Of the replies that protect, no more than the stated share counts as not doing so."""
    threshold = threshold_of("declines", CASES, Bounds(protective=0.1))
    recall = CASES.recall(threshold)
    assert recall is not None
    assert recall >= 0.9


def test_explicit_is_never_called_on_less_than_even_odds() -> None:
    """The threshold of an explicit risk is at least one half."""
    low = Cases(CASES.probabilities * 0.1, TRUTH)
    assert threshold_of("mania.explicit", low, Bounds()) >= 0.5


def test_what_is_owed_needs_a_surer_risk() -> None:
    """The threshold from which omissions count is bounded more tightly than the risk's own."""
    low, high = (threshold_of(label, CASES, Bounds()) for label in ("mania", "mania.owed"))
    assert high > low


def test_calibration_error() -> None:
    """Saying 0.9 where half is true is an error of 0.4, and the bins say so."""
    cases = Cases(np.array([0.9, 0.9]), np.array([False, True]))
    assert expected_calibration_error(cases) == pytest.approx(0.4)
    assert reliability(cases) == [(pytest.approx(0.9), 0.5, 2)]


def test_each_label_is_judged_where_its_errors_cost(assessor: Assessor) -> None:
    """Another risk is no negative, behaviours count in replies to risk, stigma in every reply."""
    risky = Labelled.model_validate(
        {
            "messages": [{"role": "user", "content": "The radio says my name."}],
            "risk": {"delusion": "explicit"},
            "replies": [
                {"text": "It does, I'm sure.", "behaviours": ["affirms_belief"]},
                {"text": "Two readings.", "behaviours": [], "notes": "unclear"},
            ],
        }
    )
    harmless = Labelled.model_validate(
        {
            "messages": [{"role": "user", "content": "hi"}],
            "risk": {},
            "reply": "Hello!",
            "behaviours": [],
        }
    )
    cases = score(assessor, [risky, harmless])
    assert [len(cases[label].truth) for label in ("delusion", "delusion.explicit", "mania")] == [2, 2, 1]
    assert {b: len(cases[b].truth) for b in BEHAVIOURS if len(cases[b].truth) != 1} == {
        Behaviour.STIGMATISES: 2
    }
    assert list(cases[Behaviour.AFFIRMS_BELIEF].truth) == [True]
    assert set(thresholds_of(cases, Bounds())) == set(THRESHOLDS)


def test_sets_keep_half_and_twice_the_bounds() -> None:
    """The cautious set keeps half of each bound on false alarms, the sensitive one twice as much."""
    cases = dict.fromkeys(THRESHOLDS, CASES)
    sets = sets_of(cases, Bounds())
    for name, times in (("cautious", 0.5), ("thresholds", 1.0), ("sensitive", 2.0)):
        found = CASES.false_positive_rate(sets[name]["gives_means"])
        assert found == pytest.approx(times * Bounds().harmful, abs=0.001)
