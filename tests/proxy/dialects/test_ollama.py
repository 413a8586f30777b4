import json
from typing import Any

import aiohttp
import ollama
import pytest

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
