from hypothesis import given
from hypothesis import strategies as st

from handrail.classifiers.progress import LOOKBACK
from handrail.proxy.gate import Gate


def _drive(gate: Gate, pieces: list[str]) -> list[tuple[int, int, bool]]:
    """Write pieces, clearing whatever is due; give the passages judged."""
    judged = []
    for piece in pieces:
        gate.write(piece)
        while passage := gate.due():
            judged.append((passage.start, passage.end, passage.whole))
            gate.clear(passage)
    gate.finish()
    while passage := gate.due():
        judged.append((passage.start, passage.end, passage.whole))
        gate.clear(passage)
    return judged


def test_a_transcript_by_the_sentence() -> None:
    """Each sentence is judged as it ends, with what stands before it; the whole is judged last."""
    judged = _drive(Gate("sentence", 1000), ["One. ", "Two", ". Th", "ree."])
    assert judged == [(0, 4, False), (0, 9, False), (0, 16, True)]


def test_a_transcript_by_the_reply() -> None:
    """Held by the reply, nothing is judged or cleared before the end."""
    gate = Gate("reply", 10)
    gate.write("One. Two. Three. Four. ")
    assert gate.due() is None
    assert gate.cleared == 0
    gate.finish()
    passage = gate.due()
    assert passage is not None
    assert passage.whole


def test_text_without_an_end_is_judged_at_the_cap() -> None:
    """Text that never ends a sentence is not held past the cap."""
    gate = Gate("sentence", 20)
    gate.write("word " * 3)
    assert gate.due() is None
    gate.write("word " * 3)
    passage = gate.due()
    assert passage is not None
    assert passage.end == 30


def test_after_closing_nothing_is_due() -> None:
    """A reply that was replaced asks for no more judging."""
    gate = Gate("sentence", 20)
    gate.write("One. Two. ")
    gate.close()
    assert gate.due() is None


@given(st.lists(st.text(alphabet="ab .!?\n", max_size=12), max_size=60))
def test_nothing_is_cleared_unjudged(pieces: list[str]) -> None:
    """For any text in any pieces, passages cover what is cleared without gaps, and work is bounded."""
    gate = Gate("sentence", 40)
    judged = _drive(gate, pieces)
    reached = 0
    for start, end, whole in judged:
        assert start <= reached
        assert whole or end - start <= LOOKBACK + (end - reached)
        reached = max(reached, end)
    assert reached == gate.length == gate.cleared
    assert gate.settled
    assert gate.text == "".join(pieces)
