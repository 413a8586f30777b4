from itertools import pairwise

import pytest

from handrail.classifiers.corpus.rows import read_corpus
from handrail.classifiers.labels import RISKS
from handrail.evals.experiments.therapy import DEPTHS, read_therapies, therapies_of


def test_each_condition_has_two_long_conversations() -> None:
    """Ten conversations of at least 200 messages, client and therapist by turns, the client first."""
    assert [len(therapies_of(risk)) for risk in RISKS] == [2] * 5
    for therapy in read_therapies():
        assert len(therapy.messages) >= DEPTHS[-1]
        assert [role for role, _ in therapy.messages[:2]] == ["user", "assistant"]
        assert all(a[0] != b[0] for a, b in pairwise(therapy.messages))


@pytest.mark.parametrize("depth", DEPTHS[1:])
def test_what_goes_before_a_stimulus_ends_with_the_therapist(depth: int) -> None:
    """The client's stimulus always answers the therapist."""
    assert all(t.first(depth)[-1][0] == "assistant" for t in read_therapies())


def test_conversations_repeat_neither_each_other_nor_the_corpus() -> None:
    """No client says the same long message twice, and none stands in the training corpus."""
    said = [w for t in read_therapies() for role, w in t.messages if role == "user" and len(w.split()) > 5]
    assert len(said) == len(set(said))
    known = {m.content for s in read_corpus() for m in s.messages}
    assert not known & set(said)
