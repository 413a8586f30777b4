"""Sieving: how the sieve is learned from the corpus."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from handrail.classifiers.sieve import Sieve
from handrail.classifiers.windows import Window

# Of the stigmatising replies of the calibration split, the share that may fall through the sieve.
LOST = 0.005
_INVERSE_PENALTY = 0.3


def make_sieve(
    train: Sequence[Window], on_topic: Sequence[bool], stigma: Sequence[Window], vocabulary: int
) -> Sieve:
    """Fit a sieve on pair windows, and set its threshold by windows with stigma that it has not seen.

    It learns the topic (`on_topic`: the exchange is about people with a condition), which word pieces tell
    better than they tell contempt; what is said about them is the model's to judge.
    """
    model = LogisticRegression(C=_INVERSE_PENALTY, class_weight="balanced", max_iter=2000)
    model.fit(_pieces(train, vocabulary), list(on_topic))
    sieve = Sieve(model.coef_[0].astype(np.float16).astype(np.float32), 0.0)
    scores = [sieve.score(w) for w in stigma]
    return Sieve(sieve.weights, float(np.quantile(scores, LOST)) if scores else float("-inf"))


def _pieces(windows: Sequence[Window], vocabulary: int) -> csr_matrix:
    """Which word pieces occur in each window, [windows, vocabulary]."""
    found = [sorted(set(w.ids)) for w in windows]
    starts = np.cumsum([0, *map(len, found)])
    columns = np.array([i for row in found for i in row])
    return csr_matrix((np.ones(len(columns)), columns, starts), shape=(len(found), vocabulary))
