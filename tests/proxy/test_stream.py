import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, pairwise, repeat

from hypothesis import given
from hypothesis import strategies as st

from handrail.classifiers.labels import Harm
from handrail.policies.decision import Action, Decision, Fired
from handrail.policies.false_resource import Correction
from handrail.policies.policy import Hold
from handrail.proxy.dialects.dialect import Fault
from handrail.proxy.dialects.openai_stream import OpenAiScribe
from handrail.proxy.dialects.scribe import Scribe
from handrail.proxy.gate import Passage
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


def drive(
    scribe: Scribe,
    data: bytes,
    cuts: list[int],
    count: int = 1,
    hold: Hold = "sentence",
    moods: Sequence[str] = (),
) -> bytes:
    """Drive a stream of server-sent events through the state machine as the proxy does, cut at will.

    `moods` say of each passage in turn whether it is judged, put off, or judged halfway; and after each
    piece that came, whether the time for which text may be held is up.
    """
    stream, decoder, out = ReplyStream(scribe, hold, 60, count), EventDecoder(), b""
    edges = [0, *sorted(c % (len(data) + 1) for c in cuts), len(data)]
    mood = chain(moods, repeat("judge"))

    def settle() -> bytes:
        while due := stream.due():
            for index, passage in due:
                said = next(mood)
                if said == "put off" and not passage.whole and not passage.forced:
                    stream.put_off(index, passage)
                    continue
                reached = half(passage) if said == "halfway" and not passage.whole else passage
                stream.resolve(index, reached, judge(reached.text, reached.whole))
        return stream.take()

    for start, end in pairwise(edges):
        if next(mood) == "hurry":
            stream.hurry()
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


def half(passage: Passage) -> Passage:
    """A passage without its last letters, as far as a reading may reach."""
    end = passage.end - (passage.end - passage.start) // 8
    return replace(passage, text=passage.text[: end - passage.start], end=end)


WORDS = st.lists(st.sampled_from(["good ", "day. ", "bad ", "please ", "so! ", "\n", "é🙂 "]), max_size=25)
MOODS = st.lists(st.sampled_from(["judge", "put off", "halfway", "hurry"]), max_size=30)
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


@given(WORDS, CUTS, MOODS, st.sampled_from(["sentence", "reply", "none"]))
def test_any_way_of_holding(words: list[str], cuts: list[int], moods: list[str], hold: Hold) -> None:
    """Whatever is put off, hurried or judged halfway, what is delivered is what it is unstreamed."""
    text = "".join(words)
    events = [chunk({"role": "assistant"}), *(chunk({"content": w}) for w in words)]
    data = b"".join([*events, chunk({}, "stop"), b"data: [DONE]\n\n"])
    out = drive(OpenAiScribe("ex"), data, cuts, 1, hold, moods)
    delivered = _texts(out).get(0, "")
    decision = judge(text, whole=True)
    if hold == "none" or decision.action == Action.DELIVER:
        assert out == data
    elif decision.action == Action.REPLACE:
        kept = delivered.removesuffix("Stop.")
        assert kept != delivered
        assert "bad" not in kept
        assert text.startswith(kept.removesuffix("\n\n"))
    else:
        assert delivered == decision.delivered(text)


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
    out = b"".join(stream.abort(Fault(502, "It broke.", code="upstream_cut")))
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


def _corrected(released: bool) -> str:
    """A reply in two sentences whose second names a wrong line, seen before it has left or after."""
    stream, decoder = ReplyStream(OpenAiScribe("ex_1"), "sentence", 1200, 1), EventDecoder()
    parts = ["I hear you. ", "Call 988 now. ", "Bye."]
    data = b"".join(chunk({"content": part}) for part in parts) + chunk({}, "stop") + b"data: [DONE]\n\n"
    put = Correction(" Call 988 now.", " Call 116 123 now.", 11, 25, "988", "elsewhere")
    wrong = replace(_decision(Action.CORRECT), corrections=(put,))
    out = b""
    for event in decoder.feed(data):
        stream.receive(event)
        while due := stream.due():
            for index, passage in due:
                seen = "988" in passage.text and (passage.whole or not released)
                stream.resolve(index, passage, wrong if seen else _decision(Action.DELIVER))
        out += stream.take()
    stream.end()
    out += stream.close()
    events = [json.loads(line[6:]) for line in out.decode().splitlines() if line.startswith("data: {")]
    return "".join(c["delta"].get("content") or "" for event in events for c in event["choices"])


def test_a_wrong_line_is_corrected_before_it_leaves() -> None:
    """From a wrong line on the rest is held, and said corrected; what had left stays as it was."""
    assert _corrected(released=False) == "I hear you. Call 116 123 now. Bye."


def test_a_wrong_line_that_has_left_is_followed_by_the_right_one() -> None:
    """What has left can't be taken back: the right line is added."""
    assert _corrected(released=True) == "I hear you. Call 988 now. Bye.\n\nCall 116 123 now."
