import numpy as np
import pytest

from handrail.classifiers.training.calibration import calibrate, sigmoid, temperature_of, threshold_of

RNG = np.random.default_rng(7)
TRUE_LOGITS = RNG.normal(0, 2, 6000)
TARGETS = (RNG.random(6000) < sigmoid(TRUE_LOGITS)).astype(float)


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_over_confidence(scale: float) -> None:
    """Logits stretched by a factor are given about that factor as their temperature."""
    assert temperature_of(TRUE_LOGITS * scale, TARGETS) == pytest.approx(scale, rel=0.1)


def test_one_class_only_leaves_the_temperature_alone() -> None:
    """Where a label never occurs there is nothing to calibrate on."""
    assert temperature_of(TRUE_LOGITS, np.zeros(6000)) == 1.0
    assert threshold_of("minimises", sigmoid(TRUE_LOGITS), np.zeros(6000)) == 0.5


@pytest.mark.parametrize(
    ("label", "bound"),
    [("mania", 0.03), ("suicidal_ideation", 0.08), ("gives_means", 0.08), ("stigmatises", 0.01)],
)
def test_thresholds_keep_their_bound(label: str, bound: float) -> None:
    """At a label's threshold no more than the stated share of negatives counts as present."""
    probabilities = sigmoid(TRUE_LOGITS)
    threshold = threshold_of(label, probabilities, TARGETS)
    share = np.mean(probabilities[TARGETS == 0] >= threshold)
    assert share <= bound + 0.002 or threshold == 0.9


def test_protective_behaviours_are_rarely_missed() -> None:
    """Of the replies that protect, at most a tenth count as not doing so."""
    probabilities = sigmoid(TRUE_LOGITS)
    threshold = threshold_of("declines", probabilities, TARGETS)
    assert np.mean(probabilities[TARGETS == 1] < threshold) <= 0.101


def test_explicit_is_never_called_on_less_than_even_odds() -> None:
    """The threshold of an explicit risk is at least one half."""
    low = TRUE_LOGITS - 6
    targets = (RNG.random(6000) < sigmoid(low)).astype(float)
    _, thresholds = calibrate({"mania.explicit": low}, {"mania.explicit": targets})
    assert thresholds["mania.explicit"] >= 0.5
