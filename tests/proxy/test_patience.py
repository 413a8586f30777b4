import asyncio

import aiohttp
from aiohttp import web

from handrail.proxy.patience import Inlet, Patience

from ..conftest import Serve


def test_time_runs_only_while_text_waits() -> None:
    """The wait begins when text is held, begins anew when some is let go, and is none without any."""
    now = [10.0]
    patience = Patience(3, lambda: now[0])
    assert patience.left(waiting=False, released=0) is None
    assert patience.left(waiting=True, released=0) == 3
    now[0] = 12.0
    assert patience.left(waiting=True, released=0) == 1
    assert patience.left(waiting=True, released=5) == 3
    now[0] = 20.0
    assert patience.left(waiting=True, released=5) == 0
    assert patience.left(waiting=False, released=5) is None
    assert patience.left(waiting=True, released=5) == 3


async def test_bytes_that_come_late_are_not_lost(serve: Serve) -> None:
    """Waiting no longer loses nothing: the bytes are there when they are next asked for."""
    go = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"one")
        await go.wait()
        await response.write(b"two")
        return response

    app = web.Application()
    app.router.add_get("/", answer)
    async with aiohttp.ClientSession() as client, client.get(await serve(app)) as got:
        inlet = Inlet(got.content)
        assert await inlet.next(None) == b"one"
        assert await inlet.next(0) is None
        assert await inlet.next(0) is None
        go.set()
        assert await inlet.next(None) == b"two"
        assert await inlet.next(None) == b""
        await inlet.close()
