"""Events page: news as server-sent events, as long as whoever listens stays signed in."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress

from aiohttp import web

from handrail.classifiers.errors import JournalError
from handrail.proxy.review.desk import Visit
from handrail.proxy.review.gate import visit_of
from handrail.proxy.review.layout import protect
from handrail.proxy.review.news import Listener

# Seconds between signs of life; then it is also asked whether the sign-in still stands.
_BEAT = 15.0


async def stream_news(visit: Visit) -> web.StreamResponse:
    """What happens from now on: ids, steps and severities, no words."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
    protect(response, secure=visit.secure)
    async with visit.desk.news.listening() as listener:
        await response.prepare(visit.request)
        # Whoever has closed the page needs no answer.
        with suppress(ConnectionError):
            await response.write(b"retry: 3000\n: listening\n\n")
            await _tell(visit, listener, response)
    return response


async def _tell(visit: Visit, listener: Listener, response: web.StreamResponse) -> None:
    """Pass news on until the pages stop, or the sign-in ends."""
    while True:
        try:
            told = await asyncio.wait_for(listener.get(), _BEAT)
        except TimeoutError:
            if not await _still_signed_in(visit):
                return
            await response.write(b": still here\n\n")
            continue
        if told is None:
            return
        await response.write(_event(told))


async def _still_signed_in(visit: Visit) -> bool:
    try:
        return (await visit_of(visit.request)).account is not None
    except JournalError:
        return False


def _event(told: Mapping[str, object]) -> bytes:
    return f"event: news\ndata: {json.dumps(told)}\n\n".encode()
