import json

import aiohttp
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
from .test_anthropic_stream import client_of, message, text_of


async def _ask(url: str, said: str) -> str:
    async with client_of(url) as client:
        found = await client.messages.create(
            model="m", max_tokens=9, messages=[{"role": "user", "content": said}]
        )
    return text_of(found)


async def test_whole_messages_are_judged(guarded: Guarded, upstream: str, script: Script) -> None:
    """Harmless ones pass, harmful ones are replaced, and what is missing is added."""
    url = await guarded(upstream, locale="en-US")
    script.chunks = [json.dumps(message({"type": "text", "text": HARMLESS_REPLY})).encode()]
    assert await _ask(url, HARMLESS_MESSAGE) == HARMLESS_REPLY
    script.chunks = [json.dumps(message({"type": "text", "text": HARMFUL_REPLY})).encode()]
    replaced = await _ask(url, HARMFUL_MESSAGE)
    assert DEPTH not in replaced
    assert "988" in replaced
    script.chunks = [json.dumps(message({"type": "text", "text": OMITTING_REPLY})).encode()]
    assert (await _ask(url, OMITTING_MESSAGE)).startswith(OMITTING_REPLY + "\n\n")


async def test_history_in_blocks_is_read(guarded: Guarded, upstream: str, script: Script) -> None:
    """Content given as blocks, with a system prompt beside it, is read as well as plain text."""
    script.chunks = [json.dumps(message({"type": "text", "text": HARMFUL_REPLY})).encode()]
    async with client_of(await guarded(upstream)) as client:
        found = await client.messages.create(
            model="m",
            max_tokens=9,
            system="Be helpful.",
            messages=[{"role": "user", "content": [{"type": "text", "text": HARMFUL_MESSAGE}]}],
        )
    assert DEPTH not in text_of(found)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"messages": []}, "'messages'"),
        ({"messages": [{"role": "system", "content": "x"}]}, "'messages[0].role'"),
        ({"messages": [{"role": "user", "content": 3}]}, "'messages[0].content'"),
        ({"messages": [{"role": "user", "content": "x"}], "stream": "yes"}, "'stream'"),
    ],
)
async def test_bad_requests_are_answered_in_the_vendors_shape(
    guarded: Guarded, upstream: str, script: Script, body: dict[str, object], says: str
) -> None:
    """The field is named in an error that the vendor's client understands, and nothing goes upstream."""
    url = await guarded(upstream)
    async with aiohttp.ClientSession() as client, client.post(f"{url}/v1/messages", json=body) as answer:
        found = await answer.json()
    assert (answer.status, found["type"], found["error"]["type"]) == (400, "error", "invalid_request_error")
    assert says in found["error"]["message"]
    assert script.bodies == []
