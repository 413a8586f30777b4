from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from handrail.proxy.review.marks import Piece, pieces


def _span(label: str, start: int, end: int, message: int | None = None) -> dict[str, Any]:
    return {"label": label, "message": message, "start": start, "end": end}


def test_spans_that_overlap_are_cut_apart() -> None:
    """Where two spans overlap, the stretch in common carries both labels, and harm is what it shows."""
    found = pieces("abcdef", None, [_span("mania", 0, 4), _span("gives_means", 2, 6)])
    assert found == [
        Piece("ab", ("mania",), "risk"),
        Piece("cd", ("mania", "gives_means"), "harm"),
        Piece("ef", ("gives_means",), "harm"),
    ]


def test_only_spans_of_the_message_count() -> None:
    """A span of another message, or of the reply, marks nothing here."""
    assert pieces("abc", 0, [_span("mania", 0, 3, 1), _span("mania", 0, 3)]) == [Piece("abc")]


@given(
    some.text(), some.lists(some.tuples(some.sampled_from(["mania", "x"]), some.integers(), some.integers()))
)
def test_no_text_is_ever_lost(text: str, spans: list[tuple[str, int, int]]) -> None:
    """Whatever the spans are, the pieces make up the text."""
    found = pieces(text, None, [_span(*span) for span in spans])
    assert "".join(piece.text for piece in found) == text
