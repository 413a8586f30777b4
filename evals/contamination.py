"""Contamination: whether something close to what we measure with stands in the training corpus.

Three measures, each with a stated bound: the share of a text's five-word sequences that a text of the
corpus has too, the cosine of their TF-IDF weights over words and word pairs, and the cosine of their
sentence embeddings by the encoder that the model was made of (Reimers and Gurevych, 2019). The last needs
the `train` extra. Stimuli are compared with the corpus's conversations, and so are ordinary messages; the
replies we measure with are compared with its replies.
`python -m handrail.evals.contamination` prints the nearest text to each.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import click
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from handrail.classifiers.corpus.rows import Scenario, read_corpus
from handrail.classifiers.exchange import Conversation
from handrail.evals.experiments.clients import read_clients
from handrail.evals.experiments.further import all_stimuli
from handrail.evals.experiments.therapy import read_therapies
from handrail.evals.harmless import read_harmless
from handrail.evals.situations import read_situations
from handrail.evals.stimuli import Stimulus, read_stimuli
from handrail.evals.targets.canned import read_bank

MOST_ALIKE_IN_MEANING = 0.75
_LENGTH = 5
# Shorter texts ("Tell me a joke.", "What do you like to read?") are anybody's words, not a copy.
_LEAST_SEQUENCES = 20


@dataclass(frozen=True, slots=True)
class Bounds:
    """The largest share of common sequences, and the largest cosine, at which a text is still its own."""

    shared: float
    alike: float


# Ordinary talk, and replies above all, are full of stock phrases ("breathe in for
# four"): there only a copy counts. A stimulus must have no cousin.
OF_STIMULI = Bounds(0.05, 0.40)
OF_ORDINARY = Bounds(0.30, 0.75)


@dataclass(frozen=True, slots=True)
class Text:
    """A text and the name of where it stands."""

    id: str
    words: str


@dataclass(frozen=True, slots=True)
class Nearest:
    """The corpus text nearest to one that we measure with, and how near it is by both measures, in [0, 1]."""

    id: str
    scenario: str
    shared: float
    alike: float
    bounds: Bounds

    @property
    def contaminated(self) -> bool:
        """Whether either bound is passed."""
        return self.shared > self.bounds.shared or self.alike > self.bounds.alike


def nearest(texts: Sequence[Text], corpus: Sequence[Text], bounds: Bounds) -> list[Nearest]:
    """For each text the nearest of the corpus by likeness, with the highest share of any."""
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, stop_words="english")
    known = vectorizer.fit_transform([text.words for text in corpus])
    holders = _holders(corpus)
    found = []
    for text in texts:
        likeness = np.asarray((known @ vectorizer.transform([text.words]).T).todense()).ravel()
        best = int(likeness.argmax())
        shared = _most_shared(text.words, holders)
        found.append(Nearest(text.id, corpus[best].id, shared, float(likeness[best]), bounds))
    return found


def nearest_of_all(corpus: Sequence[Scenario]) -> list[Nearest]:
    """The nearest text of the corpus to each text that we measure with."""
    said, answered = conversations(corpus), replies(corpus)
    return [
        *nearest(stimuli_texts(), said, OF_STIMULI),
        *nearest(ordinary_messages(), said, OF_ORDINARY),
        *nearest(measured_replies(), answered, OF_ORDINARY),
    ]


def nearest_in_meaning(
    stimuli: Sequence[Stimulus], corpus: Sequence[Scenario]
) -> list[tuple[str, str, float]]:
    """For each stimulus the conversation nearest in meaning, and the cosine of their embeddings."""
    # Only this measure needs the train extra.
    from handrail.classifiers.training.embedding import embed  # noqa: PLC0415

    known = embed([text.words for text in conversations(corpus)])
    cosines = embed([s.text for s in stimuli]) @ known.T
    best = [(int(row.argmax()), float(row.max())) for row in cosines]
    return [(s.id, corpus[at].id, cosine) for s, (at, cosine) in zip(stimuli, best, strict=True)]


def conversations(corpus: Sequence[Scenario]) -> list[Text]:
    """What the person says in each conversation of the corpus."""
    return [Text(s.id, _said(s.conversation)) for s in corpus]


def replies(corpus: Sequence[Scenario]) -> list[Text]:
    """Each reply of the corpus."""
    return [Text(s.id, reply.text) for s in corpus for reply in s.replies]


def stimuli_texts() -> list[Text]:
    """Every stimulus, the paper's ten in our words and the further ones."""
    return [Text(s.id, s.text) for s in all_stimuli()]


def ordinary_messages() -> list[Text]:
    """What people say in ordinary traffic, in the scripts and in the therapies, where it is not short."""
    found = [Text(f"harmless.{n}", _said(r.exchange.conversation)) for n, r in enumerate(read_harmless())]
    found += [Text(c.id, " ".join(c.turns)) for c in read_clients()]
    found += [Text(f"{t.id}.{n}", words) for t in read_therapies() for n, (_, words) in enumerate(t.messages)]
    return [text for text in found if _is_long(text)]


def measured_replies() -> list[Text]:
    """The replies that we measure with, canned ones too, and that are not short."""
    situations = read_situations()
    told = [Text(f"{s.id}.{n}", r.text) for s in situations for n, r in enumerate(s.clear_replies)]
    ordinary = [Text(f"harmless.{n}", row.text) for n, row in enumerate(read_harmless())]
    canned = [Text(f"{cue}.{n}", r.text) for cue, of in read_bank().by_cue.items() for n, r in enumerate(of)]
    found = {text.words: text for text in (*canned, *told, *ordinary)}
    return [text for text in found.values() if _is_long(text)]


def _said(conversation: Conversation) -> str:
    return " ".join(conversation.said_by("user"))


def _is_long(text: Text) -> bool:
    return len(_sequences(text.words)) >= _LEAST_SEQUENCES


def _holders(corpus: Sequence[Text]) -> dict[tuple[str, ...], list[int]]:
    """Where each sequence of the corpus stands."""
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for at, text in enumerate(corpus):
        for sequence in _sequences(text.words):
            holders[sequence].append(at)
    return holders


def _most_shared(words: str, holders: dict[tuple[str, ...], list[int]]) -> float:
    wanted = _sequences(words)
    counts = Counter(at for sequence in wanted for at in holders.get(sequence, ()))
    return max(counts.values(), default=0) / max(1, len(wanted))


def _sequences(text: str) -> set[tuple[str, ...]]:
    words = "".join(c.lower() if c.isalnum() else " " for c in text).split()
    return {tuple(words[at : at + _LENGTH]) for at in range(len(words) - _LENGTH + 1)}


@click.command()
@click.option("--meaning", is_flag=True, help="Compare embeddings as well (needs the train extra).")
def main(meaning: bool) -> None:
    """Print the nearest text of the corpus to each text that we measure with."""
    corpus = read_corpus()
    for found in nearest_of_all(corpus):
        mark = "CLOSE" if found.contaminated else "ok   "
        click.echo(f"{mark} {found.id:24} {found.scenario:10} {found.shared:.2f} {found.alike:.2f}")
    for stimulus, scenario, cosine in nearest_in_meaning(read_stimuli(), corpus) if meaning else ():
        mark = "CLOSE" if cosine > MOST_ALIKE_IN_MEANING else "ok   "
        click.echo(f"{mark} {stimulus:24} {scenario:10} in meaning {cosine:.2f}")


if __name__ == "__main__":
    main()
