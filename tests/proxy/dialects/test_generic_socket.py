import json
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.classifiers.errors import RequestError, UpstreamError
from handrail.classifiers.exchange import Message
from handrail.proxy.dialects.generic import GenericMapping, generic_dialect
from handrail.proxy.dialects.generic_socket import Heard, SocketScribe, hear, heed
from handrail.proxy.dialects.scribe import Scribe
from handrail.proxy.frame import Frame, FrameDecoder
from handrail.proxy.messages import pack, unpack
from handrail.proxy.stream import ReplyStream

from ..test_stream import judge

Json = dict[str, Any]
BASE: Json = {"path": "/talk", "text": "/message"}
WORDS = st.lists(st.sampled_from(["good ", "day. ", "bad ", "please ", "so! ", "\n", "é🙂 "]), max_size=20)
CUTS = st.lists(st.integers(0, 4000), max_size=10)


def mapping(**more: Any) -> GenericMapping:
    """A mapping of a WebSocket."""
    return GenericMapping.model_validate({**BASE, "stream": "websocket", **more})


def settled(stream: ReplyStream) -> bytes:
    """What may leave once all that is due is judged by the toy judge."""
    while due := stream.due():
        for index, passage in due:
            stream.resolve(index, passage, judge(passage.text, passage.whole))
    return stream.take()


def driven(scribe: Scribe, decoder: FrameDecoder, data: bytes, cuts: list[int]) -> bytes:
    """Drive a stream of any decoder through the state machine, cut at will."""
    stream, out = ReplyStream(scribe, "sentence", 60, 1), b""
    for start, end in pairwise([0, *sorted(c % (len(data) + 1) for c in cuts), len(data)]):
        for frame in decoder.feed(data[start:end]):
            stream.receive(frame)
        out += settled(stream)
        if stream.over:
            return out + stream.close()
    for frame in decoder.flush():
        stream.receive(frame)
    stream.end()
    return out + settled(stream) + stream.close()


def expect(words: list[str], delivered: str) -> None:
    """Nothing harmful is released; what lacks nothing is as written; what lacks something is added to."""
    text = "".join(words)
    if "bad" in text:
        assert "bad" not in delivered
        assert delivered.endswith("Stop.")
    elif "please" in text:
        assert delivered == text
    else:
        assert delivered in {f"{text}\n\nAdded.", f"{text}Added."}


def _sse(words: list[str]) -> bytes:
    events = [{"token": w} for w in words]
    return (
        b"".join(f"data: {json.dumps(e)}\r\n\r\n".encode() for e in events) + b'data: {"end": true}\r\n\r\n'
    )


def _lines(words: list[str]) -> bytes:
    return b"".join(f"{json.dumps({'token': w})}\n".encode() for w in words) + b'{"end": true}\n'


def _tokens(data: bytes) -> str:
    found = (line.removeprefix("data: ") for line in data.decode().splitlines() if line)
    return "".join(json.loads(line).get("token", "") for line in found)


@pytest.mark.parametrize(
    ("stream", "write", "read"),
    [
        ("sse", _sse, _tokens),
        ("ndjson", _lines, _tokens),
        ("text", lambda words: "".join(words).encode(), bytes.decode),
    ],
)
@given(WORDS.filter(len), CUTS)
def test_any_cut_of_the_bytes_delivers_the_same(
    stream: str,
    write: Callable[[list[str]], bytes],
    read: Callable[[bytes], str],
    words: list[str],
    cuts: list[int],
) -> None:
    """Events, lines and plain text of a home-made backend, wherever they are cut, deliver the same words."""
    dialect = generic_dialect(
        GenericMapping.model_validate({**BASE, "stream": stream, "delta": "/token", "finish": "/end"})
    )
    data = write(words)
    out = driven(dialect.scribe("ex"), dialect.decoder(), data, cuts)
    expect(words, read(out))
    if "please" in words and "bad " not in words:
        assert out == data


def _pieces(words: list[str]) -> Iterator[str]:
    yield from (json.dumps({"token": w}) for w in words)
    yield json.dumps({"end": True})


def _told(scribe: SocketScribe, messages: list[str]) -> list[str]:
    stream, out = ReplyStream(scribe, "sentence", 60, 1), b""
    for message in messages:
        stream.receive(Frame(pack(message), message))
        out += settled(stream)
    stream.end()
    return [str(m) for m in unpack(out + settled(stream) + stream.close())]


@given(WORDS.filter(len))
def test_any_pieces_of_a_reply(words: list[str]) -> None:
    """However a reply is cut into messages, the words delivered are the same and the end comes once."""
    told = _told(SocketScribe(mapping(delta="/token", finish="/end")), list(_pieces(words)))
    expect(words, "".join(json.loads(m).get("token", "") for m in told))
    assert [bool(json.loads(m).get("end")) for m in told] == [False] * (len(told) - 1) + [True]


@given(WORDS.filter(len))
def test_pieces_that_a_whole_repeats(words: list[str]) -> None:
    """Where a last message repeats the pieces, it says what they said."""
    scribe = SocketScribe(mapping(delta="/token", reply="/full"))
    full = json.dumps({"full": "".join(words)})
    found = hear(mapping(delta="/token", reply="/full", finish="/last"), full)
    assert found == Heard(whole="".join(words), ends=True)
    (told,) = _told(scribe, [full])
    expect(words, json.loads(told)["full"])
    scribe = SocketScribe(mapping(delta="/token", reply="/full", finish="/last"))
    pieces = [json.dumps({"token": w}) for w in words]
    messages = [json.loads(m) for m in _told(scribe, [*pieces, full])]
    expect(words, "".join(m.get("token", "") for m in messages))
    assert "bad" not in json.dumps(messages)


@pytest.mark.parametrize("data", ["no JSON", '{"token": 3}', "[" * 100_000])
def test_what_can_not_be_read_is_told(data: str) -> None:
    """A message of another shape is not taken for one without words."""
    assert hear(mapping(delta="/token"), data) is None
    with pytest.raises(UpstreamError):
        SocketScribe(mapping(delta="/token")).read(Frame(pack(data), data))


def test_what_the_client_says() -> None:
    """Words, a history or neither are read from a client's message, or it can't be read."""
    told = mapping(history="/earlier")
    earlier = [{"role": "user", "content": "a"}, {"role": "bot", "content": "b"}]
    found = heed(told, json.dumps({"message": "c", "earlier": earlier}))
    assert found == ([Message("user", "a"), Message("assistant", "b")], "c")
    assert heed(told, '{"kind": "typing"}') == (None, None)
    assert heed(told, "typing") is None
    assert heed(mapping(text=""), "hello") == (None, "hello")
    with pytest.raises(RequestError):
        heed(told, '{"message": "c", "earlier": 3}')
