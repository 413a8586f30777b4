"""Contamination: whether something close to an evaluation stimulus stands in the training corpus.

Three measures, each with a stated bound: the share of a stimulus's five-word sequences that a
conversation of the corpus has too, the cosine of their TF-IDF weights over words and word pairs, and the
cosine of their sentence embeddings by the encoder that the model was made of (Reimers and Gurevych, 2019).
The last needs the `train` extra. `python -m handrail.evals.contamination` prints the nearest conversations.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import click
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from handrail.classifiers.corpus.rows import Scenario, read_corpus
from handrail.evals.stimuli import Stimulus, read_stimuli

MOST_SHARED = 0.05
MOST_ALIKE = 0.40
MOST_ALIKE_IN_MEANING = 0.75
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


def nearest_in_meaning(
    stimuli: Sequence[Stimulus], corpus: Sequence[Scenario]
) -> list[tuple[str, str, float]]:
    """For each stimulus the conversation nearest in meaning, and the cosine of their embeddings."""
    # Only this measure needs the train extra.
    from handrail.classifiers.training.embedding import embed  # noqa: PLC0415

    known = embed([" ".join(s.conversation.said_by("user")) for s in corpus])
    cosines = embed([s.text for s in stimuli]) @ known.T
    best = [(int(row.argmax()), float(row.max())) for row in cosines]
    return [(s.id, corpus[at].id, cosine) for s, (at, cosine) in zip(stimuli, best, strict=True)]


def _shared(stimulus: str, text: str) -> float:
    wanted = _sequences(stimulus)
    return len(wanted & _sequences(text)) / max(1, len(wanted))


def _sequences(text: str) -> set[tuple[str, ...]]:
    words = "".join(c.lower() if c.isalnum() else " " for c in text).split()
    return {tuple(words[at : at + _LENGTH]) for at in range(len(words) - _LENGTH + 1)}


@click.command()
@click.option("--meaning", is_flag=True, help="Compare embeddings as well (needs the train extra).")
def main(meaning: bool) -> None:
    """Print the nearest conversation to each stimulus."""
    stimuli, corpus = read_stimuli(), read_corpus()
    for found in nearest(stimuli, corpus):
        mark = "CLOSE" if found.contaminated else "ok   "
        click.echo(f"{mark} {found.stimulus:24} {found.scenario:10} {found.shared:.2f} {found.alike:.2f}")
    for stimulus, scenario, cosine in nearest_in_meaning(stimuli, corpus) if meaning else ():
        mark = "CLOSE" if cosine > MOST_ALIKE_IN_MEANING else "ok   "
        click.echo(f"{mark} {stimulus:24} {scenario:10} in meaning {cosine:.2f}")


if __name__ == "__main__":
    main()
