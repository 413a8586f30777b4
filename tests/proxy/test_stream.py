import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from handrail.classifiers.labels import Harm
from handrail.policies.decision import Action, Decision, Fired
from handrail.proxy.dialects.dialect import Fault
from handrail.proxy.dialects.openai_stream import OpenAiScribe
from handrail.proxy.dialects.scribe import Scribe
from handrail.proxy.sse import EventDecoder
from handrail.proxy.stream import ReplyStream

from .conftest import chunk


def _decision(action: Action, text: str = "") -> Decision:
    return Decision(action, False, None, (), {}, text, "abc")


def judge(text: str, whole: bool) -> Decision:
    """A toy judge: "bad" is a commission; a whole reply without "please" omits it."""
    if "bad" in text:
        return _decision(Action.REPLACE, "Stop.")
    if whole and "please" not in text:
        return _decision(Action.APPEND, "Added.")
    return _decision(Action.DELIVER)


def drive(scribe: Scribe, data: bytes, cuts: list[int], count: int = 1) -> bytes:
    """Drive a stream of server-sent events through the state machine as the proxy does, cut at will."""
    stream, decoder, out = ReplyStream(scribe, "sentence", 60, count), EventDecoder(), b""
    edges = [0, *sorted(c % (len(data) + 1) for c in cuts), len(data)]

    def settle() -> bytes:
        while due := stream.due():
            for index, passage in due:
                stream.resolve(index, passage, judge(passage.text, passage.whole))
        return stream.take()

    for start, end in pairwise(edges):
        for event in decoder.feed(data[start:end]):
            stream.receive(event)
        out += settle()
        if stream.over:
            break
    stream.end()
    return out + settle() + stream.close()


def _run(data: bytes, cuts: list[int], count: int = 1) -> bytes:
    return drive(OpenAiScribe("ex"), data, cuts, count)


def _texts(data: bytes) -> dict[int, str]:
    texts: dict[int, str] = {}
    for event in EventDecoder().feed(data):
        if event.data and event.data != "[DONE]":
            for choice in json.loads(event.data)["choices"]:
                text = choice["delta"].get("content") or ""
                texts[choice["index"]] = texts.get(choice["index"], "") + text
    return texts


WORDS = st.lists(st.sampled_from(["good ", "day. ", "bad ", "please ", "so! ", "\n", "é🙂 "]), max_size=25)
CUTS = st.lists(st.integers(0, 4000), max_size=12)


@given(WORDS, CUTS)
def test_any_reply_and_any_cut(words: list[str], cuts: list[int]) -> None:
    """Nothing harmful is ever released; what is harmless and lacks nothing passes byte for byte."""
    events = [chunk({"role": "assistant"}), *(chunk({"content": w}) for w in words)]
    data = b"".join([*events, chunk({}, "stop"), b"data: [DONE]\n\n"])
    out = _run(data, cuts)
    text = "".join(words)
    delivered = _texts(out).get(0, "")
    if "bad" in text:
        assert "bad" not in delivered
        assert delivered.endswith("Stop.")
    elif "please" in text:
        assert out == data
    else:
        assert delivered == (f"{text}\n\nAdded." if text.strip() else f"{text}Added.")
    assert out.count(b"[DONE]") == 1
    assert out.endswith(b"data: [DONE]\n\n")


@given(WORDS, WORDS, CUTS)
def test_two_choices_in_one_event(first: list[str], second: list[str], cuts: list[int]) -> None:
    """Choices that share events are told apart: each is delivered as if it were alone."""
    events = []
    for at in range(max(len(first), len(second))):
        choices = [
            {"index": i, "delta": {"content": w[at]}, "finish_reason": None}
            for i, w in enumerate((first, second))
            if at < len(w)
        ]
        events.append(f"data: {json.dumps({'choices': choices})}\n\n".encode())
    ends = [chunk({}, "stop", index=i) for i in (0, 1)]
    out = _run(b"".join([*events, *ends, b"data: [DONE]\n\n"]), cuts, 2)
    delivered = _texts(out)
    for index, words in enumerate((first, second)):
        text = "".join(words)
        if "bad" in text:
            assert "bad" not in delivered[index]
            assert delivered[index].endswith("Stop.")
        elif "please" in text:
            assert delivered.get(index, "") == text
        else:
            assert delivered.get(index, "") == (f"{text}\n\nAdded." if text.strip() else f"{text}Added.")


def test_held_by_the_reply_nothing_leaves_early() -> None:
    """With `hold: reply` not a word leaves before the whole has been judged."""
    stream = ReplyStream(OpenAiScribe("ex"), "reply", 10, 1)
    for event in EventDecoder().feed(chunk({"content": "One. Two. "}) + chunk({"content": "Three. "})):
        stream.receive(event)
    assert stream.due() == []
    assert stream.take() == b""


def test_a_broken_stream_drops_what_was_not_judged() -> None:
    """When a stream breaks off, held text is dropped and the error is the last event."""
    stream = ReplyStream(OpenAiScribe("ex"), "sentence", 100, 1)
    for event in EventDecoder().feed(chunk({"content": "Unfinished"})):
        stream.receive(event)
    out = stream.abort(Fault(502, "It broke.", code="upstream_cut"))
    assert b"Unfinished" not in out
    assert json.loads(EventDecoder().feed(out)[-1].data or "")["error"]["code"] == "upstream_cut"


def test_what_a_part_was_flagged_for_waits_for_the_record() -> None:
    """A part flagged without being replaced is held, with all that follows, until the whole is judged."""
    stream = ReplyStream(OpenAiScribe("ex"), "sentence", 100, 1)
    fired = (Fired("r", Harm.STIGMA, "why", 0.9),)
    note = Decision(Action.DELIVER, True, None, fired, {}, "", "abc")
    for event in EventDecoder().feed(chunk({"content": "One. Two. "}) + chunk({"content": "Three. "})):
        stream.receive(event)
    ((index, passage),) = stream.due()
    stream.resolve(index, passage, note)
    assert (stream.due(), stream.take()) == ([], b"")
    stream.end()
    ((index, passage),) = stream.due()
    assert passage.whole
    stream.resolve(index, passage, note)
    assert b"Three" in stream.take()


def test_what_is_missing_is_said_before_an_error() -> None:
    """Clients stop reading at an error: what a reply leaves out is added before it, a repair comes alone."""
    error = b'data: {"error": {"message": "boom"}}\n\n'
    out = _run(chunk({"content": "good day. "}) + error, [])
    assert out.index(b"Added.") < out.index(b"boom")
    assert b"boom" not in _run(chunk({"content": "bad "}) + error, [])


def test_a_server_that_finishes_every_chunk() -> None:
    """A finish reason on each chunk neither breaks the stream nor puts the addition in its midst."""
    events = [chunk({"content": word}, "stop") for word in ("good ", "day. ", "so! ")]
    out = _run(b"".join([*events, b"data: [DONE]\n\n"]), [])
    assert _texts(out)[0] == "good day. so! \n\nAdded."
