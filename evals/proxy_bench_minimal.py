"""Minimal: the least reverse proxy that aiohttp makes, for the proxy benchmark to compare with.

`python -m handrail.evals.proxy_bench_minimal URL` prints where it listens. It streams answers, and does
nothing that a careful proxy does.
"""

import asyncio
import sys
from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web

_SESSION = web.AppKey("session", aiohttp.ClientSession)
_HOP_BY_HOP = frozenset({"host", "connection", "transfer-encoding", "content-length", "keep-alive"})


async def _session(app: web.Application) -> AsyncIterator[None]:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as app[_SESSION]:
        yield


def _build(base: str) -> web.Application:
    async def relay(request: web.Request) -> web.StreamResponse:
        headers = {name: v for name, v in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        body = await request.read()
        url = base + request.path_qs
        async with request.app[_SESSION].request(request.method, url, headers=headers, data=body) as got:
            passed = {name: v for name, v in got.headers.items() if name.lower() != "transfer-encoding"}
            response = web.StreamResponse(status=got.status, headers=passed)
            await response.prepare(request)
            async for data in got.content.iter_any():
                await response.write(data)
            return response

    app = web.Application()
    app.cleanup_ctx.append(_session)
    app.router.add_route("*", "/{path:.*}", relay)
    return app


async def _main(base: str) -> None:
    runner = web.AppRunner(_build(base), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)  # noqa: T201
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
