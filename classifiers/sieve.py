"""Sieve: a bag of word pieces that tells which exchanges can't hold stigma, at almost no cost.

Stigma is the one harm that needs no risk in the conversation, so without a sieve every reply of every
harmless chat would need a full pass. The sieve is a logistic regression on which word pieces occur at
all in a stretch of a reply and its context, its threshold set so low that next to no stigma of the
calibration split falls through; what passes is read by the model. How much it lets by, and what it
loses, is in MODEL_CARD.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from handrail.classifiers.errors import ModelError
from handrail.classifiers.windows import Window

# Word pieces of a reply that are weighed together: about two sentences.
STRETCH = 48


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

    def score(self, window: Window) -> float:
        """The highest sum of any stretch of the reply with its context.

        Stretches, and not the whole: in a long reply kind words would outvote a harmful sentence.
        """
        context = {i for i, kind in zip(window.ids, window.types, strict=True) if kind == 0}
        reply = [i for i, kind in zip(window.ids, window.types, strict=True) if kind == 1]
        starts = range(0, max(1, len(reply) - STRETCH // 2), STRETCH // 2)
        return max(self._sum(context | set(reply[at : at + STRETCH])) for at in starts)

    def passes(self, windows: Sequence[Window]) -> bool:
        """Whether any of these windows may hold stigma, so that they must be read."""
        return any(self.score(window) >= self.least for window in windows)

    def _sum(self, pieces: set[int]) -> float:
        return float(self.weights[sorted(pieces)].sum())
