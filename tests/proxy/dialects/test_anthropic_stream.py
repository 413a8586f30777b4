import json
from typing import Any

import anthropic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.classifiers.errors import UpstreamError
from handrail.policies.decision import Action, Decision
from handrail.proxy.dialects.anthropic_stream import AnthropicScribe
from handrail.proxy.dialects.tools import Shown
from handrail.proxy.sse import EventDecoder
from handrail.proxy.stream import ReplyStream

from ..conftest import (
    DEPTH,
    HARMFUL_MESSAGE,
    HARMFUL_REPLY,
    HARMLESS_MESSAGE,
    HARMLESS_REPLY,
    OMITTING_MESSAGE,
    OMITTING_REPLY,
    SSE,
    Guarded,
    Script,
)
from ..test_stream import drive

Json = dict[str, Any]


def event(kind: str, **payload: Any) -> bytes:
    """One event as the vendor's server writes it."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **payload})}\n\n".encode()


def message(*content: Json, stop: str | None = "end_turn") -> Json:
    """A whole message."""
    usage = {"input_tokens": 3, "output_tokens": 5}
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": list(content),
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": usage,
    }


def block(index: int, *pieces: str, kind: str = "text") -> list[bytes]:
    """The events of one block, a delta a piece."""
    field = {"text": "text", "thinking": "thinking"}[kind]
    start = event("content_block_start", index=index, content_block={"type": kind, field: ""})
    deltas = [
        event("content_block_delta", index=index, delta={"type": f"{kind}_delta", field: piece})
        for piece in pieces
    ]
    return [start, *deltas, event("content_block_stop", index=index)]


def streamed(*blocks: list[bytes]) -> list[bytes]:
    """A streamed message."""
    end = event(
        "message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 9}
    )
    begin = [event("message_start", message=message(stop=None)), event("ping")]
    return [*begin, *(e for b in blocks for e in b), end, event("message_stop")]


def pieces(text: str, size: int = 5) -> list[str]:
    """A text in pieces."""
    return [text[at : at + size] for at in range(0, len(text), size)]


def client_of(url: str) -> anthropic.AsyncAnthropic:
    """The official client, pointed at a proxy."""
    return anthropic.AsyncAnthropic(base_url=url, api_key="k", max_retries=0)


async def told(url: str, said: str) -> anthropic.types.Message:
    """A streamed message through the official client."""
    async with (
        client_of(url) as client,
        client.messages.stream(
            model="m", max_tokens=9, messages=[{"role": "user", "content": said}]
        ) as stream,
    ):
        return await stream.get_final_message()


def text_of(found: anthropic.types.Message) -> str:
    """The text of a message, as a client shows it."""
    return "".join(b.text for b in found.content if b.type == "text")


@pytest.mark.parametrize("size", [3, 40, 5000])
async def test_a_harmless_stream_passes_to_the_byte(
    guarded: Guarded, upstream: str, script: Script, size: int
) -> None:
    """A harmless stream is the upstream's own, thinking, pings and all, however it is cut."""
    whole = b"".join(streamed(block(0, "Six friends.", kind="thinking"), block(1, *pieces(HARMLESS_REPLY))))
    script.headers, script.chunks = SSE, [whole[at : at + size] for at in range(0, len(whole), size)]
    url = await guarded(upstream)
    async with client_of(url) as client:
        raw = await client.messages.with_raw_response.create(
            model="m", max_tokens=9, messages=[{"role": "user", "content": HARMLESS_MESSAGE}], stream=True
        )
        body = b"".join([data async for data in raw.http_response.aiter_bytes()])
    assert body == whole


async def test_a_harmful_stream_is_replaced(guarded: Guarded, upstream: str, script: Script) -> None:
    """The harm never arrives; the open block is ended, the repair is a block, and the message ends well."""
    script.headers, script.chunks = SSE, streamed(block(0, *pieces(HARMFUL_REPLY)))
    found = await told(await guarded(upstream, locale="en-US"), HARMFUL_MESSAGE)
    assert DEPTH not in text_of(found)
    assert "988" in text_of(found)
    assert found.stop_reason == "end_turn"


async def test_what_is_missing_is_added_to_the_last_text(
    guarded: Guarded, upstream: str, script: Script
) -> None:
    """An omission is mended in the last text block, where clients that show one block will see it."""
    script.headers, script.chunks = SSE, streamed(block(0, *pieces(OMITTING_REPLY)))
    found = await told(await guarded(upstream), OMITTING_MESSAGE)
    assert [b.type for b in found.content] == ["text"]
    assert text_of(found).startswith(OMITTING_REPLY + "\n\n")


async def test_harmful_thinking_is_withheld(guarded: Guarded, upstream: str, script: Script) -> None:
    """Words in a thinking block are judged like any others."""
    script.headers, script.chunks = (
        SSE,
        streamed(block(0, *pieces(HARMFUL_REPLY), kind="thinking"), block(1, "Take care.")),
    )
    found = await told(await guarded(upstream), HARMFUL_MESSAGE)
    assert DEPTH not in found.model_dump_json()


WORDS = st.lists(st.sampled_from(["good ", "day. ", "bad ", "please ", "so! ", "\n", "é🙂 "]), max_size=20)


@given(WORDS, WORDS, st.lists(st.integers(0, 4000), max_size=10))
def test_any_reply_and_any_cut(first: list[str], second: list[str], cuts: list[int]) -> None:
    """Nothing harmful is released, what lacks nothing passes byte for byte, and every stream ends once."""
    data = b"".join(streamed(block(0, *first), block(1, *second)))
    out = drive(AnthropicScribe("ex"), data, cuts)
    text = "".join([*first, *second])
    delivered = "".join(_deltas(out))
    if "bad" in text:
        assert "bad" not in delivered
        assert delivered.endswith("Stop.")
    elif "please" in text:
        assert out == data
    else:
        assert delivered.endswith("Added.")
    assert out.count(b"event: message_stop") == 1
    assert out.count(b"event: content_block_start") == out.count(b"event: content_block_stop")


def _deltas(data: bytes) -> list[str]:
    found = [json.loads(e.data) for e in EventDecoder().feed(data) if e.data]
    return [p["delta"]["text"] for p in found if p["type"] == "content_block_delta"]


def test_what_is_no_message_is_refused() -> None:
    """Events of another dialect, or of no shape at all, are an upstream's error, not passed on."""
    for data in (b"data: [1]\n\n", b'data: {"choices": []}\n\n', b"hello\n\n"):
        (frame,) = EventDecoder().feed(data)
        with pytest.raises(UpstreamError):
            AnthropicScribe("ex").read(frame)


def test_an_action_without_text_changes_nothing() -> None:
    """A decision to deliver leaves every frame as it came."""
    stream = ReplyStream(AnthropicScribe("ex"), "reply", 60, 1)
    data = b"".join(streamed(block(0, "One. ", "Two.")))
    for frame in EventDecoder().feed(data):
        stream.receive(frame)
    ((index, passage),) = stream.due()
    stream.resolve(index, passage, Decision(Action.DELIVER, False, None, (), {}, "", "abc"))
    assert stream.take() == data


def _heard(*events: bytes, shown: bool = False) -> str:
    """All that a scribe reads in events that follow the beginning of a text block and of a tool's."""
    scribe = AnthropicScribe("ex", Shown.of(shown))
    tool = {"type": "tool_use", "id": "t", "name": "note", "input": {}}
    starts = [block(0)[0], event("content_block_start", index=1, content_block=tool)]
    frames = EventDecoder().feed(b"".join([*starts, *events]))
    return "".join(t for f in frames for _, _, t in scribe.read(f).texts)


def _of_block(**content: Any) -> bytes:
    return event("content_block_start", index=2, content_block=content)


def _of_delta(at: int = 0, **delta: Any) -> bytes:
    return event("content_block_delta", index=at, delta=delta)


@pytest.mark.parametrize(
    "data",
    [
        _of_delta(type="text_delta", text="the words"),
        _of_delta(type="text_delta", text="", comment="the words"),
        _of_delta(type="input_json_delta", partial_json="", comment="the words"),
        _of_delta(type="citations_delta", citation={"cited_text": "the words"}),
        _of_delta(type="musing_delta", musing={"deep": ["the words"]}),
        _of_block(type="text", text="", citations=[{"cited_text": "the words"}]),
        _of_block(type="musing", content=[{"type": "text", "text": "the words"}]),
        _of_block(type="tool_use", id="t", name="the words", input={}),
        event("musing", words="the words"),
        event("ping", words="the words"),
        event("content_block_stop", index=0, comment="the words"),
        event("message_start", message=message({"type": "text", "text": "the words"})),
        event("message_start", message={**message(), "comment": "the words"}),
        event("message_delta", delta={"stop_reason": "refusal", "details": {"explanation": "the words"}}),
    ],
)
def test_words_are_found_wherever_they_stand(data: bytes) -> None:
    """No event, block, delta or field, known or not, carries words past the reading."""
    assert "the words" in _heard(data)


@pytest.mark.parametrize("shown", [True, False])
async def test_tools_through_the_vendors_client(
    guarded: Guarded, upstream: str, script: Script, shown: bool
) -> None:
    """What is written to a tool is judged where people see it; the official helper is content."""
    data = json.dumps({"note": HARMFUL_REPLY})
    tool = {"type": "tool_use", "id": "t", "name": "note", "input": {}}
    parts = [data[at : at + 9] for at in range(0, len(data), 9)]
    call = [
        event("content_block_start", index=0, content_block=tool),
        *(_of_delta(0, type="input_json_delta", partial_json=p) for p in parts),
        event("content_block_stop", index=0),
    ]
    script.headers, script.chunks = SSE, streamed(call)
    found = await told(await guarded(upstream, tools_shown=shown), HARMFUL_MESSAGE)
    assert (DEPTH in found.model_dump_json()) != shown
    assert [b.type for b in found.content][-1] == ("text" if shown else "tool_use")
    script.headers = {"Content-Type": "application/json"}
    script.chunks = [
        json.dumps(message({**tool, "input": {"note": HARMFUL_REPLY}}, stop="tool_use")).encode()
    ]
    async with client_of(await guarded(upstream, tools_shown=shown)) as client:
        whole = await client.messages.create(
            model="m", max_tokens=9, messages=[{"role": "user", "content": HARMFUL_MESSAGE}]
        )
    assert (DEPTH in whole.model_dump_json()) != shown


async def test_errors_reach_the_vendors_client(guarded: Guarded, upstream: str, script: Script) -> None:
    """An error of the upstream's, before a stream and within one, is one for the official client."""
    script.headers = SSE
    script.chunks = [
        *streamed(block(0, "Hello there. "))[:4],
        event("error", error={"type": "overloaded_error"}),
    ]
    url = await guarded(upstream)
    with pytest.raises(anthropic.APIStatusError):
        await told(url, HARMLESS_MESSAGE)
    script.status, script.headers = 529, {"Content-Type": "application/json"}
    script.chunks = [b'{"type": "error", "error": {"type": "overloaded_error", "message": "later"}}']
    with pytest.raises(anthropic.APIStatusError) as raised:
        await told(url, HARMLESS_MESSAGE)
    assert raised.value.status_code == 529
