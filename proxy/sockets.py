"""Sockets: chats over WebSockets. Each side agrees on its own terms; messages are judged between them."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from aiohttp import web

from handrail.classifiers.errors import RequestError, UpstreamError
from handrail.proxy.answers import error_response
from handrail.proxy.asker import read_context
from handrail.proxy.dialects.dialect import INVALID, Fault
from handrail.proxy.dialects.generic import GenericMapping
from handrail.proxy.dialects.paths import plain
from handrail.proxy.forwarding import Forwarding
from handrail.proxy.headers import without_opening
from handrail.proxy.live import Live
from handrail.proxy.logs import logger
from handrail.proxy.modes import mode_of
from handrail.proxy.server import OF_THE_DRAIN
from handrail.proxy.settings import Settings
from handrail.proxy.talk import GOING_AWAY, Judging, Talk
from handrail.proxy.upstream import Upstream

_log = logger("sockets")


class SocketHandler:
    """Handles WebSockets on the paths of the settings' mappings."""

    def __init__(self, settings: Settings, upstream: Upstream, forwarding: Forwarding, live: Live) -> None:
        self._settings = settings
        self._upstream = upstream
        self._forwarding = forwarding
        self._live = live
        self._mappings = tuple(m for m in settings.generic if m.stream == "websocket")
        self._open: set[Talk] = set()
        self._cutting: asyncio.Task[None] | None = None

    def mapping_of(self, request: web.Request) -> GenericMapping | None:
        """The mapping of a request to open a WebSocket; None for any other request."""
        if request.method != "GET" or request.headers.get("Upgrade", "").lower() != "websocket":
            return None
        path = plain(request.path)
        return next((m for m in self._mappings if path.endswith(plain(m.path).rstrip("/"))), None)

    async def close(self) -> None:
        """Let every connection end: at once, or after the reply that is under way, if it ends in time."""
        for talk in tuple(self._open):
            await talk.leave(GOING_AWAY)
        if self._open:
            self._cutting = asyncio.create_task(self._cut())

    async def _cut(self) -> None:
        """Before the server breaks off what is still open, say so."""
        await asyncio.sleep(self._settings.drain_seconds * OF_THE_DRAIN)
        for talk in tuple(self._open):
            await talk.cut(GOING_AWAY)

    async def handle(self, request: web.Request, mapping: GenericMapping) -> web.StreamResponse:
        """Open a WebSocket on both sides, and carry messages until one of them closes it."""
        guard = self._live.guard
        try:
            context = read_context(
                request.headers, request.path, self._settings, guard.decider.directory, datetime.now(UTC)
            )
        except RequestError as error:
            return error_response(Fault(400, str(error), INVALID, "invalid_request", error.field))
        mode = mode_of(request.path, self._settings.routes, self._settings.mode)
        if not web.WebSocketResponse().can_prepare(request):
            return error_response(Fault(400, "The request opens no WebSocket.", INVALID, "invalid_upgrade"))
        judging = Judging(mapping, guard, context, mode, self._settings)
        try:
            return await self._carry(request, judging)
        except UpstreamError as error:
            guard.metrics.upstream_errors.labels(error.code).inc()
            _log.error("upstream_failed", code=error.code)
            fault = Fault(error.status, str(error), code=error.code)
            return error_response(fault, retry_after=error.retry_after)

    async def _carry(self, request: web.Request, judging: Judging) -> web.WebSocketResponse:
        offered, most = _protocols(request), self._settings.max_reply_bytes
        headers = without_opening(self._forwarding.headers(request))
        async with self._upstream.socket(request.raw_path, headers, offered, most) as far:
            near = web.WebSocketResponse(
                protocols=(far.protocol,) if far.protocol else (),
                max_msg_size=self._settings.max_body_bytes,
                heartbeat=self._settings.idle_timeout,
            )
            await near.prepare(request)
            talk = Talk(request, near, far, judging)
            self._open.add(talk)
            try:
                await talk.run()
            finally:
                self._open.discard(talk)
        return near


def _protocols(request: web.Request) -> Sequence[str]:
    offered = request.headers.getall("Sec-WebSocket-Protocol", [])
    return [name.strip() for line in offered for name in line.split(",") if name.strip()]
