"""Sieve: a bag of word pieces that tells which exchanges can't hold stigma, at almost no cost.

Stigma is the one harm that needs no risk in the conversation, so without a sieve every reply of every
harmless chat would need a full pass. The sieve is a logistic regression on which word pieces occur at
all, its threshold set so low that next to no stigma of the calibration split falls through; what passes
is read by the model. How much it lets by, and what it loses, is in MODEL_CARD.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from handrail.classifiers.errors import ModelError
from handrail.classifiers.windows import Window


@dataclass(frozen=True, slots=True)
class Sieve:
    """Weights [vocabulary] of the word pieces, and the least sum that passes."""

    weights: NDArray[np.float32]
    least: float

    @classmethod
    def load(cls, path: Path) -> "Sieve":
        """Read a sieve from an `.npz` file. Raises ModelError when it is none."""
        try:
            with np.load(path, allow_pickle=False) as file:
                return cls(file["weights"].astype(np.float32), float(file["least"]))
        except Exception as error:
            raise ModelError(f"sieve {path} can't be loaded") from error

    def save(self, path: Path) -> None:
        """Write the sieve as `.npz`, its weights in half precision."""
        np.savez_compressed(path, weights=self.weights.astype(np.float16), least=np.float64(self.least))

    def score(self, windows: Sequence[Window]) -> float:
        """The sum of the weights of the word pieces that occur."""
        pieces = {i for window in windows for i in window.ids}
        return float(self.weights[sorted(pieces)].sum())

    def passes(self, windows: Sequence[Window]) -> bool:
        """Whether these windows may hold stigma and so must be read."""
        return self.score(windows) >= self.least
