"""Bank: what the scripted chatbot says, chosen by likeness to what the person typed."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from handrail.classifiers.errors import SettingsError
from handrail.policies.document import read_document

Vector = NDArray[np.float64]

# Below this likeness nothing in the bank is about what was said.
_LEAST = 0.34


class Entry(BaseModel):
    """A reply of the scripted chatbot, with messages it answers and the style it fails (or not) in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    style: str
    says: tuple[str, ...] = Field(min_length=1)
    reply: str = Field(min_length=1)


class Bank(BaseModel):
    """All replies, and what is said when none of them fits."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    entries: tuple[Entry, ...] = Field(min_length=1)
    fallback: tuple[str, ...] = Field(min_length=1)


def read_bank(path: Path | None = None) -> Bank:
    """Read a bank, by default ours. Raises SettingsError naming line, field and mend."""
    return read_document(path or Path(__file__).parent / "bank.yaml", Bank, SettingsError)


class Chooser:
    """Finds the reply whose messages are most like a given one.

    Likeness is the cosine of TF-IDF weights over letter trigrams, so that typing slips don't matter
    (Salton and Buckley, 1988, "Term-weighting approaches in automatic text retrieval").
    """

    def __init__(self, bank: Bank) -> None:
        self._bank = bank
        texts = [(said, entry.reply) for entry in bank.entries for said in entry.says]
        self._replies = [reply for _, reply in texts]
        grams = [_trigrams(said) for said, _ in texts]
        self._index = {gram: i for i, gram in enumerate(sorted({g for found in grams for g in found}))}
        frequency = np.zeros(len(self._index))
        for found in grams:
            for gram in found:
                frequency[self._index[gram]] += 1
        self._weight: Vector = np.log((1 + len(texts)) / (1 + frequency)) + 1
        self._matrix = np.array([self._vector(found) for found in grams])

    def choose(self, said: str, turn: int = 0) -> str:
        """The reply to a message; `turn` varies what is said when nothing fits."""
        likeness = self._matrix @ self._vector(_trigrams(said))
        best = int(np.argmax(likeness))
        if likeness[best] < _LEAST:
            return self._bank.fallback[turn % len(self._bank.fallback)]
        return self._replies[best]

    def _vector(self, grams: Mapping[str, int]) -> Vector:
        vector = np.zeros(len(self._index))
        for gram, count in grams.items():
            if gram in self._index:
                vector[self._index[gram]] = (1 + np.log(count)) * self._weight[self._index[gram]]
        length = float(np.linalg.norm(vector))
        return vector / length if length else vector


def _trigrams(text: str) -> dict[str, int]:
    words: Sequence[str] = "".join(c.lower() if c.isalnum() else " " for c in text).split()
    counts: dict[str, int] = {}
    for word in words:
        padded = f" {word} "
        for at in range(len(padded) - 2):
            gram = padded[at : at + 3]
            counts[gram] = counts.get(gram, 0) + 1
    return counts
