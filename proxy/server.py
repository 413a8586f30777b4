"""Server: runs applications until the process is told to stop, then lets open replies end."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from handrail.classifiers.errors import SettingsError
from handrail.proxy.answers import error_response
from handrail.proxy.dialects.dialect import INVALID, Fault

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
# Share of the drain after which what has not ended is broken off with a word.
OF_THE_DRAIN = 0.8


@dataclass(frozen=True, slots=True)
class Site:
    """An application and where it listens; port 0 takes a free one. Longer header lines are refused."""

    app: web.Application
    host: str
    port: int
    max_header_bytes: int = 32768


class _Handler(web.RequestHandler):
    """A connection that answers what is no HTTP without repeating any of it, as the framework would."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to a request that can't be read. It always closes the connection."""
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun")
        response = error_response(_unreadable(status, exc))
        response.force_close()
        return response


class _Runner(web.AppRunner):
    """Runs an application on connections of ours."""

    async def _make_server(self) -> web.Server:
        # The framework has no public way to say which class of connections a server makes.
        server = await super()._make_server()
        server.__class__ = _Server
        return server


class _Server(web.Server):
    def __call__(self) -> web.RequestHandler:
        return _Handler(self, loop=self._loop, **self._kwargs)


async def start(site: Site, stack: AsyncExitStack, drain: float = 0) -> str:
    """Start a site; give its base URL. Leaving `stack` stops it, after at most `drain` seconds.

    Raises SettingsError when the address can't be listened on, and what the application's start raises.
    """
    runner = _Runner(
        site.app,
        access_log=None,
        handler_cancellation=True,
        # The framework waits for so long twice: for replies to end, and then for them to notice.
        shutdown_timeout=drain / 2,
        auto_decompress=False,
        # For so long a refused body is still taken in, so that its client reads why and meets no reset.
        lingering_time=2.0,
        max_line_size=site.max_header_bytes,
        max_field_size=site.max_header_bytes,
    )
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    listener = web.TCPSite(runner, site.host, site.port)
    try:
        await listener.start()
    except OSError as error:
        reason = error.strerror or "not available"
        raise SettingsError(
            f"port: can't listen on {site.host}:{site.port}: {reason}; choose another"
        ) from error
    host, port = runner.addresses[0][:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _unreadable(status: int, error: BaseException | None) -> Fault:
    if isinstance(error, LineTooLong):
        return Fault(431, "A header line, or the target, is too long.", INVALID, "header_too_long")
    if status >= web.HTTPInternalServerError.status_code:
        return Fault(status, "handrail met an internal error.", "server_error", "internal_error")
    return Fault(status, "The request is not valid HTTP/1.1.", INVALID, "invalid_http")


async def until_stopped() -> None:
    """Wait for SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in _SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


async def serve(site: Site, drain: float, ready: Callable[[str], None]) -> None:
    """Run a site until it is told to stop, then let open replies end. `ready` gets its URL."""
    async with AsyncExitStack() as stack:
        ready(await start(site, stack, drain))
        await until_stopped()
