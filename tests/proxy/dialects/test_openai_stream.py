"""The channels of the wire: whatever way an upstream's bytes come, what they say is the same."""

import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any

import aiohttp
import brotli
import pytest
from backports import zstd

from handrail.proxy.dialects.openai_stream import COMPLETIONS, OpenAiScribe
from handrail.proxy.dialects.tools import Shown
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
    asking,
    chunk,
    client_of,
    completion,
    post,
    streamed,
    talk,
)
from ..test_stream import drive

Json = dict[str, Any]
CASES = [(HARMLESS_MESSAGE, HARMLESS_REPLY), (HARMFUL_MESSAGE, HARMFUL_REPLY)]


async def asked(guarded: Guarded, upstream: str, said: str, **more: Any) -> bytes:
    """The body of a streamed answer, as it came."""
    _, body = await post(await guarded(upstream), asking(said, stream=True, **more))
    return body


def texts(body: bytes) -> str:
    """All that the deltas of a body say, by a reading that is not handrail's."""
    lines = body.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n").split("\n\n")
    said = ""
    for block in lines:
        data = "\n".join(x[5:].removeprefix(" ") for x in block.split("\n") if x.startswith("data:"))
        if data and data.strip() != "[DONE]":
            for choice in json.loads(data).get("choices", ()):
                said += choice["delta"].get("content") or ""
    return said


def spread(data: bytes) -> bytes:
    """An event with its JSON laid over several lines."""
    payload = json.dumps(json.loads(data.removeprefix(b"data: ")), indent=1)
    return "".join(f"data: {line}\n" for line in payload.splitlines()).encode() + b"\n"


WIRES: dict[str, Callable[[list[bytes]], bytes]] = {
    "crlf": lambda events: b"".join(events).replace(b"\n", b"\r\n"),
    "cr": lambda events: b"".join(events).replace(b"\n", b"\r"),
    "a mark of byte order": lambda events: b"\xef\xbb\xbf" + b"".join(events),
    "comments": b": ping\n\n".join,
    "comments within": lambda events: b"".join(b": PROCESSING\n" + e for e in events),
    "keep-alives": b"\n\n:\n\n".join,
    "names, ids and retries": lambda events: b"".join(
        b"event: message\nid: %d\nretry: 10\n" % n + e for n, e in enumerate(events)
    ),
    "data on several lines": lambda events: b"".join(
        spread(e) if e.startswith(b"data: {") else e for e in events
    ),
    "no space": lambda events: b"".join(e.replace(b"data: ", b"data:", 1) for e in events),
    "no end": lambda events: b"".join(events[:-1]),
    "no last empty line": lambda events: b"".join(events[:-1]).rstrip(b"\n"),
}


@pytest.mark.parametrize(("said", "reply"), CASES)
@pytest.mark.parametrize("wire", WIRES)
async def test_every_manner_of_events(
    guarded: Guarded, upstream: str, script: Script, said: str, reply: str, wire: str
) -> None:
    """However events are written, what is harmless passes byte for byte, and no harm does."""
    whole = WIRES[wire](streamed(reply))
    script.headers, script.chunks = SSE, [whole[at : at + 11] for at in range(0, len(whole), 11)]
    body = await asked(guarded, upstream, said)
    if said == HARMLESS_MESSAGE:
        assert body == whole
        assert texts(body) == reply
    else:
        assert DEPTH not in texts(body)
        assert DEPTH.encode() not in body


@pytest.mark.parametrize(("said", "reply"), CASES)
@pytest.mark.parametrize("first", [1, 2, 1000])
async def test_a_tiny_first_chunk(
    guarded: Guarded, upstream: str, script: Script, said: str, reply: str, first: int
) -> None:
    """A first chunk of one byte, and characters cut in two, change nothing."""
    whole = b"".join(streamed(reply)).replace(b"\\ud83e\\udd54", "🥔".encode())
    script.headers, script.chunks = (
        SSE,
        [whole[:first], *(whole[at : at + 1] for at in range(first, len(whole)))],
    )
    script.chunks = [whole[:first], *(whole[at : at + 3] for at in range(first, len(whole), 3))]
    body = await asked(guarded, upstream, said)
    assert (body == whole) == (said == HARMLESS_MESSAGE)
    assert DEPTH.encode() not in body


@pytest.mark.parametrize("harmful", [False, True])
async def test_a_megabyte_at_once(guarded: Guarded, upstream: str, script: Script, harmful: bool) -> None:
    """A first chunk of a megabyte, most of it in a field of no words, is read to its end."""
    filler = "Stir the beans now and then. " * 300
    reply = filler + (HARMFUL_REPLY if harmful else "Enjoy.")
    script.headers = SSE
    script.chunks = [
        b"".join([chunk({"content": reply}, x_pad="A" * 2**20), chunk({}, "stop"), b"data: [DONE]\n\n"])
    ]
    assert len(script.chunks[0]) > 2**20
    said = HARMFUL_MESSAGE if harmful else HARMLESS_MESSAGE
    body = await asked(guarded, upstream, said)
    assert (body == script.chunks[0]) != harmful
    assert DEPTH.encode() not in body


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("coding", PACKED)
@pytest.mark.parametrize(("said", "reply"), CASES)
async def test_compressed_answers(
    guarded: Guarded, upstream: str, script: Script, said: str, reply: str, coding: str, stream: bool
) -> None:
    """An upstream that compresses though it was asked not to is read all the same, streamed or not."""
    plain = b"".join(streamed(reply)) if stream else completion(reply)
    packed = PACKED[coding](plain)
    kind = SSE if stream else {"Content-Type": "application/json"}
    script.headers = {**kind, "Content-Encoding": coding}
    script.chunks = [packed[at : at + 17] for at in range(0, len(packed), 17)]
    _, body = await post(await guarded(upstream), asking(said, stream=stream))
    assert (body == plain) == (said == HARMLESS_MESSAGE)
    assert DEPTH.encode() not in body


async def test_interleaved_choices(guarded: Guarded, upstream: str, script: Script) -> None:
    """Choices that come in turns are told apart: each is judged and delivered as if it were alone."""
    size = 6
    both = [[r[at : at + size] for at in range(0, len(r), size)] for r in (HARMFUL_REPLY, HARMLESS_REPLY)]
    events = [
        chunk({"content": words[at]}, index=i)
        for at in range(max(map(len, both)))
        for i, words in enumerate(both)
        if at < len(words)
    ]
    ends = [chunk({}, "stop", index=1), chunk({}, "length", index=0), b"data: [DONE]\n\n"]
    script.headers, script.chunks = SSE, [*events, *ends]
    found = await talk(await guarded(upstream), HARMFUL_MESSAGE, n=2)
    assert DEPTH not in found[0]
    assert found[1].startswith(HARMLESS_REPLY[:20]) or "automat" in found[1]


def call(arguments: str, name: str | None = None, index: int = 0) -> Json:
    """A piece of a call of a tool."""
    function = {"arguments": arguments, **({"name": name} if name else {})}
    return {"tool_calls": [{"index": index, "id": "c", "type": "function", "function": function}]}


def called(reply: str) -> list[bytes]:
    """A streamed call of a tool that shows a reply, with everything escaped that can be."""
    arguments = json.dumps({"note": "".join(f"\\u{ord(c):04x}" for c in reply)}).replace("\\\\u", "\\u")
    parts = [arguments[at : at + 7] for at in range(0, len(arguments), 7)]
    events = [chunk(call("", "show_note")), *(chunk(call(part)) for part in parts)]
    return [*events, chunk({}, "tool_calls"), b"data: [DONE]\n\n"]


@pytest.mark.parametrize("shown", [True, ["show_note"], ["other"], False])
@pytest.mark.parametrize(("said", "reply"), CASES)
async def test_tools_that_are_shown(
    guarded: Guarded, upstream: str, script: Script, said: str, reply: str, shown: bool | list[str]
) -> None:
    """What is written to a tool is judged where people see it, whole, with its escapes undone."""
    script.headers, script.chunks = SSE, called(reply.replace("🥔", ""))
    url = await guarded(upstream, tools_shown=shown)
    _, body = await post(url, asking(said, stream=True))
    judged = shown is True or shown == ["show_note"]
    assert (body == b"".join(script.chunks)) == (not judged or said == HARMLESS_MESSAGE)
    async with aiohttp.ClientSession() as client, client.get(f"{url}/metrics") as got:
        metrics = await got.text()
    assert ('outcome="unscreened"' in metrics) == (not judged)


async def test_a_call_is_accumulated_by_the_vendors_client(
    guarded: Guarded, upstream: str, script: Script
) -> None:
    """The official helper for streams puts text, refusal and calls together as it does without a guard."""
    text = [chunk({"role": "assistant", "content": "One moment. "}), chunk({"refusal": "Not that. "})]
    script.headers = SSE
    script.chunks = [*text, *called("Feed the cat")]
    async with (
        client_of(await guarded(upstream, tools_shown=True)) as client,
        client.chat.completions.stream(
            model="m", messages=[{"role": "user", "content": HARMLESS_MESSAGE}]
        ) as stream,
    ):
        final = await stream.get_final_completion()
    message = final.choices[0].message
    assert (message.content, message.refusal) == ("One moment. ", "Not that. ")
    assert json.loads(message.tool_calls[0].function.arguments) == {"note": "Feed the cat"}  # type: ignore[index,union-attr]
    assert final.choices[0].finish_reason == "tool_calls"


async def test_a_replaced_stream_is_whole_for_the_vendors_client(
    guarded: Guarded, upstream: str, script: Script
) -> None:
    """After a harm in mid-stream, beside a call, the official helper ends with the repair."""
    script.headers = SSE
    script.chunks = [*streamed(HARMFUL_REPLY)[:-2], *called("x")]
    async with (
        client_of(await guarded(upstream)) as client,
        client.chat.completions.stream(
            model="m", messages=[{"role": "user", "content": HARMFUL_MESSAGE}], logprobs=True
        ) as stream,
    ):
        final = await stream.get_final_completion()
    assert DEPTH not in final.model_dump_json()
    assert "automat" in (final.choices[0].message.content or "")
    assert (final.choices[0].finish_reason, final.choices[0].message.tool_calls) == ("stop", None)


def with_logprobs(reply: str) -> list[bytes]:
    """A streamed answer with the log-probabilities of its tokens."""
    events = []
    for at in range(0, len(reply), 6):
        token = {"token": reply[at : at + 6], "logprob": -0.1, "bytes": None, "top_logprobs": []}
        choice = {"index": 0, "delta": {"content": token["token"]}, "logprobs": {"content": [token]}}
        events.append(f"data: {json.dumps({'choices': [choice]})}\n\n".encode())
    last = {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}
    return [*events, f"data: {json.dumps({'choices': [last]})}\n\n".encode(), b"data: [DONE]\n\n"]


@pytest.mark.parametrize(("said", "reply"), [*CASES, (OMITTING_MESSAGE, OMITTING_REPLY)])
async def test_log_probabilities(
    guarded: Guarded, upstream: str, script: Script, said: str, reply: str
) -> None:
    """They pass with the words they belong to; of what is withheld nothing is in them."""
    script.headers, script.chunks = SSE, with_logprobs(reply)
    body = await asked(guarded, upstream, said, logprobs=True)
    tokens = "".join(
        token["token"]
        for event in EventDecoder().feed(body)
        if event.data and event.data != "[DONE]"
        for choice in event.payload()["choices"]
        for token in (choice.get("logprobs") or {}).get("content") or ()
    )
    assert texts(body).startswith(tokens)
    assert DEPTH not in tokens
    assert (body == b"".join(script.chunks)) == (said == HARMLESS_MESSAGE)


async def test_older_completions(guarded: Guarded, upstream: str, script: Script) -> None:
    """Prompt in, text out, through the official client: judged whole and streamed, each index by itself."""
    choices = [
        {"index": i, "text": r, "finish_reason": "length", "logprobs": None}
        for i, r in enumerate((HARMFUL_REPLY, "I hear you."))
    ]
    payload = {"id": "c", "object": "text_completion", "created": 1, "model": "m", "choices": choices}
    script.chunks = [json.dumps({**payload, "usage": {"total_tokens": 3}}).encode()]
    url = await guarded(upstream, locale="en-US")
    async with client_of(url) as client:
        whole = await client.completions.create(model="m", prompt=HARMFUL_MESSAGE, n=2)
        script.headers = SSE
        parts = [
            {**c, "text": c["text"][at : at + 9]} for c in choices for at in range(0, len(str(c["text"])), 9)
        ]
        script.chunks = [
            *(f"data: {json.dumps({**payload, 'choices': [p]})}\n\n".encode() for p in parts),
            b"data: [DONE]\n\n",
        ]
        said = {0: "", 1: ""}
        async for event in await client.completions.create(
            model="m", prompt=HARMFUL_MESSAGE, n=2, stream=True
        ):
            for choice in event.choices:
                said[choice.index] += choice.text
    assert whole.usage
    for text in (whole.choices[0].text, said[0]):
        assert DEPTH not in text
        assert "988" in text
    assert [c.finish_reason for c in whole.choices] == ["stop", "length"]


def read(*payloads: Json, shown: bool = False) -> list[str]:
    """All that a scribe reads in chunks."""
    scribe = OpenAiScribe("ex", Shown.of(shown))
    events = b"".join(f"data: {json.dumps(p)}\n\n".encode() for p in payloads)
    return [t for f in EventDecoder().feed(events) for _, _, t in scribe.read(f).texts]


@pytest.mark.parametrize(
    "choice",
    [
        {"delta": {"comment": "the words"}},
        {"delta": {"reasoning_text": ["the words"]}},
        {"delta": {"context": {"citations": [{"content": "the words"}]}}},
        {"delta": {"annotations": [{"type": "url_citation", "url_citation": {"title": "the words"}}]}},
        {"delta": {"audio": {"id": "a", "transcript": "the words"}}},
        {"delta": {"tool_calls": [{"index": 0, "function": {"name": "the words", "arguments": ""}}]}},
        {"delta": {"tool_calls": [{"index": 0, "note": "the words"}]}},
        {"delta": {"function_call": {"name": "the words"}}},
        {"delta": {"role": "the words"}},
        {"delta": {}, "finish_reason": "the words"},
        {"delta": {}, "logprobs": {"content": [{"token": "the"}, {"token": " words"}]}},
        {"message": {"content": "the words"}},
        {"text": "the words"},
        {"delta": {}, "beside": {"deep": [{"er": "the words"}]}},
    ],
)
def test_words_are_found_wherever_they_stand(choice: Json) -> None:
    """No field, known or not, carries words past the reading."""
    assert "the words" in "".join(read({"choices": [{"index": 0, **choice}]}))


def test_words_beside_the_choices_are_read_once() -> None:
    """What a server repeats in every chunk is read the first time."""
    payload = {"choices": [], "search_results": [{"title": "the words"}]}
    assert read(payload, payload) == ["the words"]
    assert read({"choices": [], "provider": "Some Cloud", "model": "a model", "usage": {"x": "y z"}}) == []


def test_older_completions_are_added_to_in_their_own_form() -> None:
    """An addition and a repair of a streamed completion are text of a choice."""
    parts = (("good ", None), ("day. ", "stop"))
    events = [{"choices": [{"index": 0, "text": t, "finish_reason": f}]} for t, f in parts]
    data = b"".join(f"data: {json.dumps(e)}\n\n".encode() for e in events) + b"data: [DONE]\n\n"
    out = drive(OpenAiScribe("ex", form=COMPLETIONS), data, [])
    found = [f.payload()["choices"][0] for f in EventDecoder().feed(out) if f.data != "[DONE]"]
    assert "".join(c["text"] for c in found) == "good day. \n\nAdded."
    assert found[-1]["finish_reason"] == "stop"
    bad = drive(OpenAiScribe("ex", form=COMPLETIONS), data.replace(b"good", b"bad"), [])
    assert b"bad" not in bad
