from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.proxy.sse import EventDecoder, encode

STREAM = (
    b": keep-alive\n\n"
    b'data: {"a": "\xc3\xa9"}\n\n'
    b"event: x\r\ndata: one\r\ndata: two\r\n\r\n"
    b"data:three\r\r"
    b"data: [DONE]\n\n"
)
DATA = [None, '{"a": "é"}', "one\ntwo", "three", "[DONE]"]


@given(st.lists(st.integers(0, len(STREAM)), max_size=30))
def test_any_chunking_gives_the_same_events(cuts: list[int]) -> None:
    """However the bytes are cut, the events are the same and no byte is lost."""
    edges = [0, *sorted(cuts), len(STREAM)]
    decoder = EventDecoder()
    events = [e for a, b in pairwise(edges) for e in decoder.feed(STREAM[a:b])]
    events += decoder.flush()
    assert b"".join(e.raw for e in events) == STREAM
    assert [e.data for e in events] == DATA


def test_a_rest_without_an_empty_line_is_an_event() -> None:
    """A server that forgets the last empty line loses nothing."""
    decoder = EventDecoder()
    assert decoder.feed(b"data: last") == []
    assert decoder.held == 10
    assert [e.data for e in decoder.flush()] == ["last"]


@pytest.mark.parametrize("data", ["x", '{"a": 1}', "[DONE]"])
def test_our_own_events_are_read_back(data: str) -> None:
    """What we write, the decoder reads."""
    assert [e.data for e in EventDecoder().feed(encode(data))] == [data]
