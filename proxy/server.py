"""Server: runs applications until the process is told to stop, then lets open replies end."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from aiohttp import web

from handrail.classifiers.errors import SettingsError

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True, slots=True)
class Site:
    """An application and where it listens; port 0 takes a free one."""

    app: web.Application
    host: str
    port: int


async def start(site: Site, stack: AsyncExitStack, drain: float = 0) -> str:
    """Start a site; give its base URL. Leaving `stack` stops it, after at most `drain` seconds.

    Raises SettingsError when the address can't be listened on, and what the application's start raises.
    """
    runner = web.AppRunner(
        site.app, access_log=None, handler_cancellation=True, shutdown_timeout=drain, auto_decompress=False
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
