import json
from typing import Any

import aiohttp
import ollama
import pytest

from handrail.proxy.dialects.ollama import ollama_chat
from handrail.proxy.dialects.tools import NOTHING
from handrail.proxy.lines import LineDecoder

from ..conftest import (
    DEPTH,
    HARMFUL_MESSAGE,
    HARMFUL_REPLY,
    HARMLESS_MESSAGE,
    HARMLESS_REPLY,
    OMITTING_MESSAGE,
    OMITTING_REPLY,
    Guarded,
    Script,
)

NDJSON = {"Content-Type": "application/x-ndjson"}
HEAD = {"model": "m", "created_at": "2026-01-01T00:00:00Z"}


def line(**payload: Any) -> bytes:
    """One line of an answer."""
    return json.dumps({**HEAD, **payload}).encode() + b"\n"


def chatting(reply: str, size: int = 6) -> list[bytes]:
    """A streamed answer of /api/chat."""
    parts = [reply[at : at + size] for at in range(0, len(reply), size)]
    told = [line(message={"role": "assistant", "content": part}, done=False) for part in parts]
    return [
        *told,
        line(message={"role": "assistant", "content": ""}, done=True, done_reason="stop", eval_count=4),
    ]


def generating(reply: str, size: int = 6) -> list[bytes]:
    """A streamed answer of /api/generate, its last words in the last line."""
    parts = [reply[at : at + size] for at in range(0, len(reply), size)]
    told = [line(response=part, done=False) for part in parts[:-1]]
    return [*told, line(response=parts[-1], done=True, done_reason="stop", context=[1, 2, 3])]


CASES = [
    (HARMLESS_MESSAGE, HARMLESS_REPLY),
    (HARMFUL_MESSAGE, HARMFUL_REPLY),
    (OMITTING_MESSAGE, OMITTING_REPLY),
]


def client_of(url: str) -> ollama.AsyncClient:
    """The official client, pointed at a proxy."""
    return ollama.AsyncClient(host=url)


def _check(said: str, reply: str, text: str) -> None:
    if said == HARMLESS_MESSAGE:
        assert text == reply
    elif said == HARMFUL_MESSAGE:
        assert DEPTH not in text
        assert "988" in text
    else:
        assert text.startswith(reply + "\n\n")


@pytest.mark.parametrize(("said", "reply"), CASES)
@pytest.mark.parametrize("stream", [True, False])
async def test_chat(
    guarded: Guarded, upstream: str, script: Script, said: str, reply: str, stream: bool
) -> None:
    """Through the official client, whole or streamed, /api/chat is judged and mended."""
    url = await guarded(upstream, locale="en-US")
    messages = [{"role": "user", "content": said}]
    if stream:
        script.headers, script.chunks = NDJSON, chatting(reply)
        async with client_of(url) as client:
            parts = [p async for p in await client.chat("m", messages, stream=True)]
        assert [p.done for p in parts].count(True) == 1
        _check(said, reply, "".join(p.message.content or "" for p in parts))
        return
    script.chunks = [line(message={"role": "assistant", "content": reply}, done=True)]
    async with client_of(url) as client:
        found = await client.chat("m", messages)
    _check(said, reply, found.message.content or "")


@pytest.mark.parametrize(("said", "reply"), CASES)
@pytest.mark.parametrize("stream", [True, False])
async def test_generate(
    guarded: Guarded, upstream: str, script: Script, said: str, reply: str, stream: bool
) -> None:
    """Through the official client, whole or streamed, /api/generate is judged and mended."""
    url = await guarded(upstream, locale="en-US")
    if stream:
        script.headers, script.chunks = NDJSON, generating(reply)
        async with client_of(url) as client:
            parts = [p async for p in await client.generate("m", said, stream=True)]
        assert [p.done for p in parts].count(True) == 1
        _check(said, reply, "".join(p.response for p in parts))
        return
    script.chunks = [line(response=reply, done=True, context=[1])]
    async with client_of(url) as client:
        found = await client.generate("m", said)
    _check(said, reply, found.response)


async def test_a_harmless_stream_passes_to_the_byte(guarded: Guarded, upstream: str, script: Script) -> None:
    """The lines of a harmless answer are the upstream's own, however they are cut."""
    whole = b"".join(chatting(HARMLESS_REPLY))
    script.headers, script.chunks = NDJSON, [whole[at : at + 11] for at in range(0, len(whole), 11)]
    body = {"model": "m", "messages": [{"role": "user", "content": HARMLESS_MESSAGE}]}
    url = await guarded(upstream)
    async with aiohttp.ClientSession() as client, client.post(f"{url}/api/chat", json=body) as answer:
        assert await answer.read() == whole


async def test_words_do_not_come_back_as_tokens(guarded: Guarded, upstream: str, script: Script) -> None:
    """The context of a replaced answer is dropped: it holds the withheld words."""
    script.chunks = [line(response=HARMFUL_REPLY, done=True, context=[1, 2])]
    async with client_of(await guarded(upstream)) as client:
        assert (await client.generate("m", HARMFUL_MESSAGE)).context is None


async def test_bad_requests_name_the_field(guarded: Guarded, upstream: str) -> None:
    """An error in Ollama's shape."""
    url = await guarded(upstream)
    body = {"model": "m", "prompt": 3}
    async with aiohttp.ClientSession() as client, client.post(f"{url}/api/generate", json=body) as answer:
        assert answer.status == 400
        assert "'prompt'" in (await answer.json())["error"]


async def test_an_empty_error_hides_nothing(guarded: Guarded, upstream: str, script: Script) -> None:
    """A line with an `error` that says nothing is read like any other."""
    body = {"role": "assistant", "content": HARMFUL_REPLY}
    script.headers = NDJSON
    script.chunks = [line(error="", message=body, done=False), line(message={"content": ""}, done=True)]
    url = await guarded(upstream)
    asked = {"model": "m", "messages": [{"role": "user", "content": HARMFUL_MESSAGE}]}
    async with aiohttp.ClientSession() as client, client.post(f"{url}/api/chat", json=asked) as answer:
        assert DEPTH not in await answer.text()


async def test_loading_a_model_is_no_chat(guarded: Guarded, upstream: str, script: Script) -> None:
    """Requests without messages, and roles that models bring along, pass."""
    script.chunks = [line(message={"role": "assistant", "content": ""}, done=True, done_reason="load")]
    url = await guarded(upstream)
    for messages in (
        [],
        [{"role": "control", "content": "thinking"}, {"role": "assistant", "content": None}],
    ):
        asked = {"model": "m", "messages": messages, "stream": False}
        async with aiohttp.ClientSession() as client, client.post(f"{url}/api/chat", json=asked) as answer:
            assert answer.status == 200


@pytest.mark.parametrize(
    "more",
    [
        {"message": {"content": "", "comment": "the words"}},
        {"message": {"content": "", "thinking": "the words"}},
        {"message": {"content": "", "tool_calls": [{"function": {"name": "the words", "arguments": {}}}]}},
        {"message": {"content": ""}, "comment": {"deep": ["the words"]}},
        {"message": {"content": ""}, "done_reason": "the words"},
        {"message": {"content": ""}, "logprobs": [{"token": "the"}, {"token": " words"}]},
    ],
)
def test_words_are_found_wherever_they_stand(more: dict[str, Any]) -> None:
    """No field, known or not, carries words past the reading."""
    payload = {"model": "m", "created_at": "now", "done": False, **more}
    said = ollama_chat(NOTHING).read_reply(json.dumps(payload).encode()).voices[0].text
    assert "the words" in said
    (frame,) = LineDecoder().feed(json.dumps(payload).encode() + b"\n")
    told = ollama_chat(NOTHING).scribe("ex").read(frame)
    assert "the words" in "".join(text for _, _, text in told.texts)


@pytest.mark.parametrize("shown", [True, False])
async def test_tools_through_the_vendors_client(
    guarded: Guarded, upstream: str, script: Script, shown: bool
) -> None:
    """What is written to a tool is judged where people see it, whole and streamed."""
    call = {"function": {"name": "note", "arguments": {"note": HARMFUL_REPLY}}}
    first = {"model": "m", "message": {"role": "assistant", "content": "", "tool_calls": [call]}}
    last = {"model": "m", "message": {"role": "assistant", "content": ""}, "done": True}
    url = await guarded(upstream, tools_shown=shown)
    messages = [{"role": "user", "content": HARMFUL_MESSAGE}]
    script.headers = {"Content-Type": "application/x-ndjson"}
    script.chunks = [json.dumps({**first, "done": False}).encode() + b"\n", json.dumps(last).encode() + b"\n"]
    async with ollama.AsyncClient(host=url) as client:
        parts = [part async for part in await client.chat("m", messages, stream=True)]
        script.headers = {"Content-Type": "application/json"}
        script.chunks = [json.dumps({**first, "done": True}).encode()]
        whole = await client.chat("m", messages)
    assert any(DEPTH in part.model_dump_json() for part in parts) != shown
    assert (DEPTH in whole.model_dump_json()) != shown
