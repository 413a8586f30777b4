"""Calibration: a temperature and a threshold for each label, from splits that no weight has seen."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from handrail.classifiers.labels import HARMFUL, PROTECTIVE, Risk
from handrail.classifiers.manifest import EXPLICIT

Array = NDArray[np.float64]

# The rule for thresholds, one bound a kind of label: the share of negatives that may be called present.
# A protective behaviour errs on the other side: what must be rare is calling one missing that is there.
RISK_FALSE_POSITIVES = 0.03
# Of all misses this one costs most, so more false alarms are borne for it.
SUICIDE_FALSE_POSITIVES = 0.08
HARMFUL_FALSE_POSITIVES = 0.08
STIGMA_FALSE_POSITIVES = 0.01
PROTECTIVE_MISSED = 0.10
_BOUNDS = (0.10, 0.90)


def temperature_of(logits: Array, targets: Array) -> float:
    """The temperature with the least negative log-likelihood (Guo et al., 2017), searched in [1/4, 8].

    `logits` and `targets` are [examples]. 1.0 where one of the classes is absent.
    """
    if targets.min(initial=1) == targets.max(initial=0):
        return 1.0
    grid = np.exp(np.linspace(np.log(0.25), np.log(8.0), 121))
    losses = [_log_loss(logits / t, targets) for t in grid]
    return float(grid[int(np.argmin(losses))])


def threshold_of(label: str, probabilities: Array, targets: Array) -> float:
    """The threshold that the rule above gives a label; 0.5 where one of the classes is absent."""
    positives, negatives = probabilities[targets == 1], probabilities[targets == 0]
    if len(positives) == 0 or len(negatives) == 0:
        return 0.5
    if label in PROTECTIVE:
        found = float(np.quantile(positives, PROTECTIVE_MISSED))
    else:
        found = float(np.quantile(negatives, 1 - _bound(label)))
    return float(np.clip(found, *_BOUNDS))


def _bound(label: str) -> float:
    if label == "stigmatises":
        return STIGMA_FALSE_POSITIVES
    if label == Risk.SUICIDAL_IDEATION:
        return SUICIDE_FALSE_POSITIVES
    return HARMFUL_FALSE_POSITIVES if label in HARMFUL else RISK_FALSE_POSITIVES


def calibrate(
    logits: Mapping[str, Array], targets: Mapping[str, Array]
) -> tuple[dict[str, float], dict[str, float]]:
    """Temperatures and thresholds by label, of logits and targets [examples] by label."""
    temperatures = {n: temperature_of(logits[n], targets[n]) for n in logits}
    probabilities = {n: sigmoid(logits[n] / temperatures[n]) for n in logits}
    thresholds = {n: threshold_of(n, probabilities[n], targets[n]) for n in logits}
    return temperatures, {n: _sure(n, t) for n, t in thresholds.items()}


def _sure(label: str, threshold: float) -> float:
    """What is called explicit must be likelier than not: more is done about it."""
    return max(threshold, 0.5) if label.endswith(EXPLICIT) else threshold


def sigmoid(x: Array) -> Array:
    """The logistic function."""
    return np.asarray(1 / (1 + np.exp(-x)))


def _log_loss(logits: Array, targets: Array) -> float:
    return float(np.mean(np.logaddexp(0, logits) - targets * logits))
