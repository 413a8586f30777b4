import numpy as np
import pytest

from handrail.classifiers.training.measures import expected_calibration_error, measure


def test_a_perfect_label() -> None:
    """A label that is always right measures as such."""
    logits, targets = np.array([-9.0, -9, 9, 9]), np.array([0.0, 0, 1, 1])
    found = measure({"a": logits}, {"a": targets}, {"a": 1.0}, {"a": 0.5})["a"]
    assert found == {
        "positives": 2,
        "negatives": 2,
        "auroc": 1.0,
        "ece": 0.0,
        "recall": 1.0,
        "false_positive_rate": 0.0,
    }


def test_a_label_that_never_occurs() -> None:
    """What can't be measured is None, not a number."""
    found = measure({"a": np.array([1.0])}, {"a": np.array([0.0])}, {"a": 1.0}, {"a": 0.5})["a"]
    assert (found["auroc"], found["recall"]) == (None, None)


def test_calibration_error() -> None:
    """Saying 0.9 where half is true is an error of 0.4."""
    targets = np.array([0.0, 1.0])
    assert expected_calibration_error(np.array([0.9, 0.9]), targets) == pytest.approx(0.4)
