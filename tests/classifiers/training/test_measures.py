import numpy as np

from handrail.classifiers.calibration import Cases
from handrail.classifiers.training.measures import measure


def test_a_perfect_label() -> None:
    """A label that is always right measures as such."""
    cases = Cases(np.array([0.0, 0.0, 1.0, 1.0]), np.array([False, False, True, True]))
    assert measure({"a": cases}, {"a": 0.5})["a"] == {
        "positives": 2,
        "negatives": 2,
        "auroc": 1.0,
        "ece": 0.0,
        "recall": 1.0,
        "false_positive_rate": 0.0,
    }


def test_a_label_that_never_occurs() -> None:
    """What can't be measured is None, not a number."""
    found = measure({"a": Cases(np.array([0.7]), np.array([False]))}, {"a": 0.5})["a"]
    assert (found["auroc"], found["recall"], found["false_positive_rate"]) == (None, None, 1.0)
