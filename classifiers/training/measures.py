"""Measures: what is reported of a model for each label, on examples it was neither trained nor tuned on."""

from collections.abc import Mapping

import numpy as np
from sklearn.metrics import roc_auc_score

from handrail.classifiers.training.calibration import Array, sigmoid


def measure(
    logits: Mapping[str, Array],
    targets: Mapping[str, Array],
    temperatures: Mapping[str, float],
    thresholds: Mapping[str, float],
) -> dict[str, dict[str, float | int | None]]:
    """Counts, AUROC, calibration error, recall and false-positive rate at the threshold, by label."""
    return {
        name: _measure_label(sigmoid(logits[name] / temperatures[name]), targets[name], thresholds[name])
        for name in logits
    }


def expected_calibration_error(probabilities: Array, targets: Array, bins: int = 10) -> float:
    """Mean gap between confidence and frequency over equal-width bins (Naeini et al., 2015)."""
    index = np.minimum((probabilities * bins).astype(int), bins - 1)
    gaps = [
        abs(probabilities[index == b].mean() - targets[index == b].mean()) * np.mean(index == b)
        for b in range(bins)
        if np.any(index == b)
    ]
    return float(sum(gaps))


def _measure_label(probabilities: Array, targets: Array, threshold: float) -> dict[str, float | int | None]:
    positive, negative = targets == 1, targets == 0
    flagged = probabilities >= threshold
    both = bool(positive.any() and negative.any())
    return {
        "positives": int(positive.sum()),
        "negatives": int(negative.sum()),
        "auroc": round(float(roc_auc_score(targets, probabilities)), 3) if both else None,
        "ece": round(expected_calibration_error(probabilities, targets), 3),
        "recall": round(float(flagged[positive].mean()), 3) if positive.any() else None,
        "false_positive_rate": round(float(flagged[negative].mean()), 3) if negative.any() else None,
    }
