"""Contamination: whether something close to an evaluation stimulus stands in the training corpus.

Two measures, each with a stated bound: the share of a stimulus's five-word sequences that a conversation
of the corpus has too, and the cosine of their TF-IDF weights over words and word pairs.
`python -m handrail.evals.contamination` prints the nearest conversation to each stimulus.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from handrail.classifiers.corpus.rows import Scenario, read_corpus
from handrail.evals.stimuli import Stimulus, read_stimuli

MOST_SHARED = 0.05
MOST_ALIKE = 0.40
_LENGTH = 5


@dataclass(frozen=True, slots=True)
class Nearest:
    """The corpus conversation nearest to a stimulus, and how near it is by both measures, in [0, 1]."""

    stimulus: str
    scenario: str
    shared: float
    alike: float

    @property
    def contaminated(self) -> bool:
        """Whether either bound is passed."""
        return self.shared > MOST_SHARED or self.alike > MOST_ALIKE


def nearest(stimuli: Sequence[Stimulus], corpus: Sequence[Scenario]) -> list[Nearest]:
    """For each stimulus the nearest conversation by likeness, with the highest share of any."""
    texts = [" ".join(s.conversation.said_by("user")) for s in corpus]
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, stop_words="english")
    known = vectorizer.fit_transform(texts)
    found = []
    for stimulus in stimuli:
        likeness = np.asarray((known @ vectorizer.transform([stimulus.text]).T).todense()).ravel()
        best = int(likeness.argmax())
        shared = max(_shared(stimulus.text, text) for text in texts)
        found.append(Nearest(stimulus.id, corpus[best].id, shared, float(likeness[best])))
    return found


def _shared(stimulus: str, text: str) -> float:
    wanted = _sequences(stimulus)
    return len(wanted & _sequences(text)) / max(1, len(wanted))


def _sequences(text: str) -> set[tuple[str, ...]]:
    words = "".join(c.lower() if c.isalnum() else " " for c in text).split()
    return {tuple(words[at : at + _LENGTH]) for at in range(len(words) - _LENGTH + 1)}


def main() -> None:
    """Print the nearest conversation to each stimulus."""
    for found in nearest(read_stimuli(), read_corpus()):
        mark = "CLOSE" if found.contaminated else "ok   "
        print(f"{mark} {found.stimulus:24} {found.scenario:10} {found.shared:.2f} {found.alike:.2f}")  # noqa: T201


if __name__ == "__main__":
    main()
