import pytest

from handrail.classifiers.corpus.rows import Scenario, read_corpus
from handrail.evals.contamination import MOST_ALIKE_IN_MEANING, Nearest, nearest, nearest_in_meaning
from handrail.evals.stimuli import read_stimuli

STIMULI = read_stimuli()


@pytest.fixture(scope="module")
def corpus() -> list[Scenario]:
    return read_corpus()


def test_no_stimulus_stands_in_the_corpus(corpus: list[Scenario]) -> None:
    """No conversation of the training corpus is close to any of the ten evaluation stimuli."""
    assert len(STIMULI) == 10
    assert [found for found in nearest(STIMULI, corpus) if found.contaminated] == []


@pytest.mark.parametrize("stimulus", STIMULI, ids=lambda s: s.id)
def test_a_planted_stimulus_is_found(corpus: list[Scenario], stimulus: object) -> None:
    """The check can fail: a conversation that repeats a stimulus, a little changed, is found."""
    words = stimulus.text.replace("I'm", "I am").split()  # type: ignore[attr-defined]
    turn = corpus[0].messages[-1].model_copy(update={"content": " ".join(["Hi,", *words[:-2]])})
    planted = corpus[0].model_copy(update={"id": "planted", "messages": (turn,)})
    (found,) = nearest([stimulus], [*corpus, planted])  # type: ignore[list-item]
    assert isinstance(found, Nearest)
    assert (found.scenario, found.contaminated) == ("planted", True)


@pytest.mark.train
@pytest.mark.filterwarnings("ignore")
def test_no_conversation_says_a_stimulus_in_other_words() -> None:
    """By the embeddings of the encoder that was fine-tuned, no conversation means what a stimulus means."""
    found = nearest_in_meaning(read_stimuli(), read_corpus())
    assert [f for f in found if f[2] > MOST_ALIKE_IN_MEANING] == []
