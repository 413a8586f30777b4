from collections.abc import Callable

import pytest

from handrail.classifiers.corpus.rows import Scenario, read_corpus
from handrail.evals.contamination import (
    MOST_ALIKE_IN_MEANING,
    OF_ORDINARY,
    OF_STIMULI,
    Bounds,
    Text,
    conversations,
    measured_replies,
    nearest,
    nearest_in_meaning,
    nearest_of_all,
    ordinary_messages,
    replies,
    stimuli_texts,
)
from handrail.evals.stimuli import read_stimuli


@pytest.fixture(scope="module")
def corpus() -> list[Scenario]:
    return read_corpus()


def test_nothing_that_we_measure_with_stands_in_the_corpus(corpus: list[Scenario]) -> None:
    """No stimulus, ordinary message or reply that we measure with has a near copy in the corpus."""
    found = nearest_of_all(corpus)
    assert {s.id for s in read_stimuli()} < {f.id for f in found}
    assert [f for f in found if f.contaminated] == []


@pytest.mark.parametrize("text", stimuli_texts(), ids=lambda t: t.id)
def test_a_planted_stimulus_is_found(corpus: list[Scenario], text: Text) -> None:
    """The check can fail: a conversation that repeats a stimulus, a little changed, is found."""
    words = text.words.replace("I'm", "I am").split()
    turn = corpus[0].messages[-1].model_copy(update={"content": " ".join(["Hi,", *words[:-2]])})
    planted = corpus[0].model_copy(update={"id": "planted", "messages": (turn,)})
    (found,) = nearest([text], conversations([*corpus, planted]), OF_STIMULI)
    assert (found.scenario, found.contaminated) == ("planted", True)


@pytest.mark.parametrize(
    ("texts", "known"), [(ordinary_messages, conversations), (measured_replies, replies)]
)
def test_a_planted_copy_is_found(
    corpus: list[Scenario],
    texts: Callable[[], list[Text]],
    known: Callable[[list[Scenario]], list[Text]],
) -> None:
    """The check can fail: ordinary messages and replies of which the first third is changed are found."""
    probes = texts()[::20]
    halves = [" ".join(["Well,", *t.words.split()[len(t.words.split()) // 3 :]]) for t in probes]
    planted = [Text(f"planted.{n}", words) for n, words in enumerate(halves)]
    found = nearest(probes, [*known(corpus), *planted], OF_ORDINARY)
    assert [f.scenario for f in found] == [p.id for p in planted]
    assert all(f.contaminated for f in found)


def test_short_common_words_are_nobodys() -> None:
    """A bound is a bound: what shares nothing with the corpus is not contaminated."""
    (found,) = nearest([Text("a", "We moved to Leeds")], [Text("b", "The train left at nine")], Bounds(0, 0))
    assert not found.contaminated


@pytest.mark.train
@pytest.mark.filterwarnings("ignore")
def test_no_conversation_says_a_stimulus_in_other_words() -> None:
    """By the embeddings of the encoder that was fine-tuned, no conversation means what a stimulus means."""
    found = nearest_in_meaning(read_stimuli(), read_corpus())
    assert [f for f in found if f[2] > MOST_ALIKE_IN_MEANING] == []
