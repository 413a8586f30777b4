from collections.abc import AsyncIterator, Awaitable, Callable

import openai
import pytest
from aiohttp import web

from handrail.proxy.demo.bank import read_bank
from handrail.proxy.demo.bot import MODEL, build_bot

BANK = read_bank()


@pytest.fixture
async def client(serve: Callable[[web.Application], Awaitable[str]]) -> AsyncIterator[openai.AsyncOpenAI]:
    url = await serve(build_bot(BANK))
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0) as opened:
        yield opened


async def test_the_official_client_can_talk_to_it(client: openai.AsyncOpenAI) -> None:
    """The scripted chatbot lists its model and answers from its bank, streamed and not, alike."""
    entry = BANK.entries[0]
    assert [m.id async for m in client.models.list()] == [MODEL]
    messages = [{"role": "user", "content": entry.says[0]}]
    whole = await client.chat.completions.create(model=MODEL, messages=messages, n=2)  # type: ignore[call-overload]
    assert [c.message.content for c in whole.choices] == [entry.reply] * 2
    stream = await client.chat.completions.create(model=MODEL, messages=messages, stream=True)  # type: ignore[call-overload]
    pieces = [event.choices[0].delta.content or "" async for event in stream]
    assert "".join(pieces) == entry.reply
    assert len(pieces) > 10


async def test_bad_requests_are_refused(client: openai.AsyncOpenAI) -> None:
    """A request without messages is a bad request, in OpenAI's shape."""
    with pytest.raises(openai.BadRequestError, match="messages"):
        await client.chat.completions.create(model=MODEL, messages=[])
