"""Measures: what is reported of a model for each label, on examples it was neither trained nor tuned on."""

from collections.abc import Mapping

from sklearn.metrics import roc_auc_score

from handrail.classifiers.calibration import Cases, expected_calibration_error


def measure(
    cases: Mapping[str, Cases], thresholds: Mapping[str, float]
) -> dict[str, dict[str, float | int | None]]:
    """Counts, AUROC, calibration error, recall and false-positive rate at the threshold, by label."""
    return {name: _measure_label(found, thresholds[name]) for name, found in cases.items()}


def _measure_label(cases: Cases, threshold: float) -> dict[str, float | int | None]:
    area = roc_auc_score(cases.truth, cases.probabilities) if cases.grounded else None
    return {
        "positives": cases.positives,
        "negatives": cases.negatives,
        "auroc": _rounded(area),
        "ece": round(expected_calibration_error(cases), 3),
        "recall": _rounded(cases.recall(threshold)),
        "false_positive_rate": _rounded(cases.false_positive_rate(threshold)),
    }


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(float(share), 3)
