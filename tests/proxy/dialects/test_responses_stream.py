import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import aiohttp
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import Response

from handrail.classifiers.errors import UpstreamError
from handrail.proxy.dialects.responses_stream import ResponsesScribe
from handrail.proxy.sse import EventDecoder

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
    client_of,
)
from ..test_stream import drive

Json = dict[str, Any]


def item(text: str, name: str = "msg_1", status: str = "completed") -> Json:
    """A message item."""
    content = [{"type": "output_text", "text": text, "annotations": [], "logprobs": []}] if text else []
    return {"id": name, "type": "message", "status": status, "role": "assistant", "content": content}


def response(*output: Json, status: str = "completed", name: str = "resp_1") -> Json:
    """A whole response."""
    return {
        "id": name,
        "object": "response",
        "created_at": 1,
        "status": status,
        "model": "m",
        "output": list(output),
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "temperature": 1.0,
        "top_p": 1.0,
        "usage": None,
    }


def streamed(*pieces: str, reasoning: str = "") -> list[bytes]:
    """A streamed response with one message, after some reasoning if there is any."""
    return [
        f"event: {payload['type']}\ndata: {json.dumps({**payload, 'sequence_number': n})}\n\n".encode()
        for n, payload in zip(count(), _events(pieces, reasoning), strict=False)
    ]


def _events(pieces: tuple[str, ...], reasoning: str) -> Iterator[Json]:
    text, at, output = "".join(pieces), int(bool(reasoning)), []
    yield {"type": "response.created", "response": response(status="in_progress")}
    if reasoning:
        thought = {"id": "rs_1", "type": "reasoning", "summary": []}
        place = {"item_id": "rs_1", "output_index": 0, "summary_index": 0}
        yield {"type": "response.output_item.added", "output_index": 0, "item": thought}
        yield {"type": "response.reasoning_summary_text.delta", **place, "delta": reasoning}
        yield {"type": "response.reasoning_summary_text.done", **place, "text": reasoning}
        done = {**thought, "summary": [{"type": "summary_text", "text": reasoning}]}
        yield {"type": "response.output_item.done", "output_index": 0, "item": done}
        output.append(done)
    place = {"item_id": "msg_1", "output_index": at, "content_index": 0}
    part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
    yield {"type": "response.output_item.added", "output_index": at, "item": item("", status="in_progress")}
    yield {"type": "response.content_part.added", **place, "part": part}
    for piece in pieces:
        yield {"type": "response.output_text.delta", **place, "delta": piece, "logprobs": []}
    yield {"type": "response.output_text.done", **place, "text": text, "logprobs": []}
    yield {"type": "response.content_part.done", **place, "part": {**part, "text": text}}
    yield {"type": "response.output_item.done", "output_index": at, "item": item(text)}
    yield {"type": "response.completed", "response": response(*output, item(text))}


def cut(text: str, size: int = 5) -> list[str]:
    """A text in pieces."""
    return [text[at : at + size] for at in range(0, len(text), size)]


async def told(url: str, said: str) -> tuple[str, Response]:
    """A streamed response through the official client: the deltas, and the response it ends with."""
    deltas: list[str] = []
    async with client_of(url) as client:
        stream = await client.responses.create(model="m", input=said, stream=True)
        numbers = []
        async for event in stream:
            numbers.append(event.sequence_number)
            if event.type == "response.output_text.delta":
                deltas.append(event.delta)
            if event.type == "response.completed":
                final = event.response
    assert numbers == sorted(set(numbers))
    return "".join(deltas), final


@pytest.mark.parametrize("size", [7, 90, 9000])
async def test_a_harmless_stream_passes_to_the_byte(
    guarded: Guarded, upstream: str, script: Script, size: int
) -> None:
    """A harmless stream is the upstream's own, reasoning and all, however it is cut."""
    whole = b"".join(streamed(*cut(HARMLESS_REPLY), reasoning="Six friends, Sunday."))
    script.headers, script.chunks = SSE, [whole[at : at + size] for at in range(0, len(whole), size)]
    url = await guarded(upstream)
    body = {"model": "m", "input": HARMLESS_MESSAGE, "stream": True}
    async with aiohttp.ClientSession() as client, client.post(f"{url}/v1/responses", json=body) as answer:
        assert await answer.read() == whole


async def test_a_harmful_stream_is_replaced(guarded: Guarded, upstream: str, script: Script) -> None:
    """The harm never arrives, in no delta and in no event that repeats the text; the response completes."""
    script.headers, script.chunks = SSE, streamed(*cut(HARMFUL_REPLY))
    text, final = await told(await guarded(upstream, locale="en-US"), HARMFUL_MESSAGE)
    assert DEPTH not in text + final.output_text
    assert "988" in final.output_text
    assert final.output_text == text
    assert final.status == "completed"


async def test_what_is_missing_is_added_everywhere(guarded: Guarded, upstream: str, script: Script) -> None:
    """An omission is mended in the deltas and in every event that repeats the text."""
    script.headers, script.chunks = SSE, streamed(*cut(OMITTING_REPLY))
    text, final = await told(await guarded(upstream), OMITTING_MESSAGE)
    assert text.startswith(OMITTING_REPLY + "\n\n")
    assert final.output_text == text


WORDS = st.lists(st.sampled_from(["good ", "day. ", "bad ", "please ", "so! ", "\n", "é🙂 "]), max_size=20)


@given(WORDS, st.sampled_from(["", "I think. "]), st.lists(st.integers(0, 5000), max_size=10))
def test_any_reply_and_any_cut(words: list[str], reasoning: str, cuts: list[int]) -> None:
    """Nothing harmful is released, what lacks nothing passes byte for byte, and every stream ends once."""
    data = b"".join(streamed(*words, reasoning=reasoning))
    out = drive(ResponsesScribe("ex"), data, cuts)
    text = "".join(words)
    events = [json.loads(e.data) for e in EventDecoder().feed(out) if e.data]
    deltas = "".join(e["delta"] for e in events if e["type"] == "response.output_text.delta")
    (final,) = [e["response"] for e in events if e["type"] == "response.completed"]
    shown = final["output"][-1]["content"]
    if "bad" in text:
        assert b"bad" not in out
        assert deltas.endswith("Stop.")
    elif "please" in text:
        assert out == data
    else:
        assert deltas.endswith("Added.")
    assert "".join(part["text"] for part in shown) == deltas


@pytest.mark.parametrize(
    "data",
    [
        b"data: [1]\n\n",
        b'data: {"choices": []}\n\n',
        b"hello\n\n",
        b'data: {"type": "response.output_text.delta", "output_index": 0, "delta": 3}\n\n',
    ],
)
def test_what_is_no_response_is_refused(data: bytes) -> None:
    """Events of another dialect, or of no shape at all, are an upstream's error, not passed on."""
    (frame,) = EventDecoder().feed(data)
    with pytest.raises(UpstreamError):
        ResponsesScribe("ex").read(frame)


def _read(data: list[bytes]) -> list[str]:
    scribe = ResponsesScribe("ex")
    return [t for f in EventDecoder().feed(b"".join(data)) for _, _, t in scribe.read(f).texts]


def _event(kind: str, **payload: Any) -> bytes:
    return f"data: {json.dumps({'type': kind, **payload})}\n\n".encode()


def test_text_is_read_wherever_it_first_stands() -> None:
    """Text counts once, in deltas, at an end, in an opening, in a snapshot, or under a name not known yet."""
    events = streamed("One. ", "Two.")
    assert _read(events) == ["One. ", "Two."]
    assert _read([e for e in events if b".delta" not in e]) == ["One. Two."]
    part = {"type": "output_text", "text": "Early."}
    assert _read([_event("response.content_part.added", output_index=0, part=part)]) == ["Early."]
    assert _read([_event("response.in_progress", response=response(item("Snap.")))]) == ["Snap."]
    assert _read([_event("response.musing.delta", delta="Hm.")]) == ["Hm."]
    assert _read([_event("response.audio.transcript.done", transcript="Said.")]) == ["Said."]
    other = item("")
    other["content"] = [{"type": "text", "text": "Odd."}]
    assert _read([_event("response.output_item.done", output_index=0, item=other)]) == ["Odd."]


def test_an_end_that_says_something_else_is_read_too() -> None:
    """Edges and half emoji may differ; any other text at an end is new text."""
    place = {"item_id": "m", "output_index": 0, "content_index": 0}
    delta, done = "response.output_text.delta", "response.output_text.done"
    assert _read([_event(delta, **place, delta=" Hi. "), _event(done, **place, text="Hi.")]) == [" Hi. "]
    halves = [_event(delta, **place, delta=half) for half in ("\ud83d", "\ude00")]
    assert _read([*halves, _event(done, **place, text="😀")])[2:] == []
    assert _read([_event(delta, **place, delta="Hi."), _event(done, **place, text="Bad.")]) == ["Hi.", "Bad."]


def _drive(data: list[bytes]) -> list[Json]:
    """Send events through a stream with the toy judge; what comes out."""
    out = drive(ResponsesScribe("ex"), b"".join(data), [])
    return [json.loads(e.data) for e in EventDecoder().feed(out) if e.data]


def test_items_still_open_are_closed_before_the_repair() -> None:
    """A client refuses a response that completes with items open: a harm found in reasoning closes it."""
    thought = {"id": "rs_1", "type": "reasoning", "summary": []}
    begin = _event("response.output_item.added", output_index=0, item=thought)
    place = {"item_id": "rs_1", "output_index": 0, "summary_index": 0}
    delta = _event("response.reasoning_summary_text.delta", **place, delta="bad ")
    found = _drive([_event("response.created", response=response()), begin, delta])
    added = [e["output_index"] for e in found if e["type"] == "response.output_item.added"]
    done = [e["output_index"] for e in found if e["type"] == "response.output_item.done"]
    assert sorted(added) == sorted(done)
    assert found[-1]["type"] == "response.completed"
    assert "bad" not in json.dumps(found)


@pytest.mark.parametrize("kept", ["nothing", "another", "no text end"])
def test_an_addition_is_in_the_final_response_whatever_it_lists(kept: str) -> None:
    """Servers whose last event lists other items than were streamed still end with the addition."""
    events = streamed("Hi. ")
    if kept == "no text end":
        events = [e for e in events if b"output_text.done" not in e]
    else:
        call = {"id": "fc", "type": "function_call", "arguments": "{}", "name": "f", "call_id": "c"}
        final = response(*([call] if kept == "another" else []))
        events[-1] = _event("response.completed", response=final)
    found = _drive(events)
    assert found[-1]["type"] == "response.completed"
    texts = [p["text"] for i in found[-1]["response"]["output"] for p in i.get("content", [])]
    assert texts[-1].endswith("Added.")


def test_the_client_is_the_vendors() -> None:
    """These tests speak through the vendor's own client."""
    assert isinstance(client_of("http://127.0.0.1:1"), openai.AsyncOpenAI)


PLACE: Json = {"item_id": "m", "output_index": 0, "content_index": 0}


@pytest.mark.parametrize(
    "data",
    [
        _event("response.output_text.delta", **PLACE, delta="the words"),
        _event("response.output_text.delta", **PLACE, delta="", comment="the words"),
        _event(
            "response.output_text.delta", **PLACE, delta="", logprobs=[{"token": "the"}, {"token": " words"}]
        ),
        _event("response.output_text.annotation.added", **PLACE, annotation={"title": "the words"}),
        _event("response.audio.transcript.delta", delta="the words"),
        _event("response.musing.delta", delta={"deep": "the words"}),
        _event("response.musing", words={"deep": ["the words"]}),
        _event("response.output_item.added", output_index=0, item={"type": "musing", "text": "the words"}),
        _event("response.output_item.added", output_index=0, item={**item(""), "comment": "the words"}),
        _event(
            "response.output_item.added",
            output_index=0,
            item={"type": "function_call", "name": "the words", "arguments": ""},
        ),
        _event(
            "response.content_part.added",
            **PLACE,
            part={"type": "output_text", "text": "", "annotations": [{"title": "the words"}]},
        ),
        _event("response.completed", response={**response(), "output_text": "the words"}),
        _event("response.completed", response={**response(), "comment": "the words"}),
    ],
)
def test_words_are_found_wherever_they_stand(data: bytes) -> None:
    """No event, item, part or field, known or not, carries words past the reading."""
    assert "the words" in "".join(_read([data]))


def _called(arguments: str) -> list[bytes]:
    call = {"id": "fc_1", "type": "function_call", "name": "note", "call_id": "c", "status": "completed"}
    place = {"item_id": "fc_1", "output_index": 0}
    parts = [arguments[at : at + 9] for at in range(0, len(arguments), 9)]
    whole = {**call, "arguments": arguments}
    events: list[Json] = [
        {"type": "response.created", "response": response(status="in_progress")},
        {"type": "response.output_item.added", "output_index": 0, "item": {**call, "arguments": ""}},
        *({"type": "response.function_call_arguments.delta", **place, "delta": p} for p in parts),
        {"type": "response.function_call_arguments.done", **place, "arguments": arguments, "name": "note"},
        {"type": "response.output_item.done", "output_index": 0, "item": whole},
        {"type": "response.completed", "response": response(whole)},
    ]
    return [
        f"event: {e['type']}\ndata: {json.dumps({**e, 'sequence_number': n})}\n\n".encode()
        for n, e in enumerate(events)
    ]


@pytest.mark.parametrize("shown", [True, False])
@pytest.mark.parametrize("reply", [HARMFUL_REPLY, "Feed the cat."])
async def test_tools_through_the_vendors_client(
    guarded: Guarded, upstream: str, script: Script, shown: bool, reply: str
) -> None:
    """What is written to a tool is judged once where people see it; the official helper ends well."""
    script.headers, script.chunks = SSE, _called(json.dumps({"note": reply}))
    url = await guarded(upstream, tools_shown=shown)
    said = HARMFUL_MESSAGE if reply == HARMFUL_REPLY else HARMLESS_MESSAGE
    async with client_of(url) as client, client.responses.stream(model="m", input=said) as stream:
        final = await stream.get_final_response()
    judged = shown and reply == HARMFUL_REPLY
    assert (DEPTH in final.model_dump_json()) == (reply == HARMFUL_REPLY and not shown)
    assert [i.type for i in final.output] == (["message"] if judged else ["function_call"])
    script.headers = {"Content-Type": "application/json"}
    call = {
        "id": "f",
        "type": "function_call",
        "name": "note",
        "call_id": "c",
        "arguments": json.dumps([reply]),
    }
    script.chunks = [json.dumps(response(call)).encode()]
    async with client_of(url) as client:
        whole = await client.responses.create(model="m", input=said)
    assert [i.type for i in whole.output] == (["message"] if judged else ["function_call"])
