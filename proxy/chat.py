"""Chat: one chat completion, from request to judged reply."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial

import aiohttp
from aiohttp import web

from handrail.classifiers.errors import RequestError, UpstreamError
from handrail.proxy.answers import Answer, ClientGone, error_response, refusal
from handrail.proxy.asker import read_context
from handrail.proxy.bypass import Bypass
from handrail.proxy.dialects.dialect import Dialect, Fault
from handrail.proxy.forwarding import Forwarding
from handrail.proxy.headers import to_client
from handrail.proxy.history import History, with_history
from handrail.proxy.journal.record import Origin
from handrail.proxy.limits import Limits
from handrail.proxy.live import Live
from handrail.proxy.logs import logger
from handrail.proxy.modes import mode_of
from handrail.proxy.regenerate import Regenerator
from handrail.proxy.server import OF_THE_DRAIN
from handrail.proxy.sessions import session_name
from handrail.proxy.settings import Settings
from handrail.proxy.streamed import answer_streamed
from handrail.proxy.turn import Turn, let_by
from handrail.proxy.upstream import Upstream
from handrail.proxy.whole import answer_whole

_log = logger("chat")

# Content codings that the client library undoes.
_READABLE_CODINGS = frozenset({"identity", "gzip", "deflate", "br", "zstd"})
# Character sets in which ASCII is ASCII. In others, such as UTF-7, what is judged would not be what is shown.
_CHARSETS = re.compile(r"utf-?8|(us-)?ascii|iso-?8859-\d+|latin-?1|(windows-|cp)125\d", re.IGNORECASE)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class _Stopped(Exception):  # noqa: N818  (an event, not a fault)
    """The proxy is told to stop, and the time that open replies had is over."""


class ChatHandler:
    """Handles chat completions: relays the request, judges the reply, repairs what would harm."""

    def __init__(  # noqa: PLR0913  (what a chat is handled with)
        self,
        settings: Settings,
        upstream: Upstream,
        forwarding: Forwarding,
        live: Live,
        bypass: Bypass,
        history: History,
    ) -> None:
        self._settings = settings
        self._upstream = upstream
        self._forwarding = forwarding
        self._limits = Limits(settings)
        self._live = live
        self._open = 0
        live.guard.metrics.open_replies.set_function(lambda: self._open)
        self._regenerator = Regenerator(settings, upstream, forwarding)
        self._bypass = bypass
        self._history = history
        self._cuttables: set[asyncio.Task[object]] = set()
        self._stopping = False
        self._cutting: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """Let open replies end, if they do so in time; break the others off in their own dialect."""
        if self._cuttables:
            self._cutting = asyncio.create_task(self._cut())

    async def _cut(self) -> None:
        """Before the server breaks off what is still open, say so."""
        await asyncio.sleep(self._settings.drain_seconds * OF_THE_DRAIN)
        self._stopping = True
        for task in tuple(self._cuttables):
            task.cancel()

    async def handle(self, request: web.Request, dialect: Dialect) -> web.StreamResponse:
        """Answer a request of a dialect, as the mode of its path says."""
        mode = mode_of(request.path, self._settings.routes, self._settings.mode)
        self._open += 1
        try:
            if mode == "off":
                return await self._bypass.unread(request, dialect, "off")
            if mode == "shadow":
                return await self._bypass.shadow(request, dialect)
            return await self._enforce(request, dialect)
        finally:
            self._open -= 1

    async def _enforce(self, request: web.Request, dialect: Dialect) -> web.StreamResponse:
        guard = self._live.guard
        body = await self._limits.read(request)
        try:
            self._limits.check_shape(body)
            asked = dialect.read_request(body)
            self._limits.check_count(len(asked.conversation.messages), "messages")
            context = read_context(
                request.headers, request.path, self._settings, guard.decider.directory, datetime.now(UTC)
            )
        except RequestError as error:
            if self._settings.fail_request == "open":
                return await self._bypass.unread(request, dialect, "request_unread", body)
            return refusal(error, dialect.write_error)
        origin = Origin.now(dialect.name, request.path, context, guard.user_of(request.headers))
        asked = with_history(self._history, asked, origin)
        if asked.unread:
            _log.warning("request_partly_unread", exchange=origin.id, kinds=asked.unread)
        answer = Answer(request, self._settings.client_timeout)
        turn = Turn(request, dialect, asked, body, origin, answer, guard)
        turn.session = session_name(self._settings.session_key, request.headers, body)
        return await self._relay(turn)

    async def _relay(self, turn: Turn) -> web.StreamResponse:
        # The risk is read while the model is still writing.
        reading = asyncio.create_task(turn.sit())
        try:
            with self._cuttable():
                await self._exchange(turn)
        except _Stopped:
            stopped = UpstreamError("handrail is stopping: try again.", 503, "shutdown")
            return await self._break_off(turn, stopped)
        except UpstreamError as error:
            return await self._broken(turn, error)
        except (ClientGone, asyncio.CancelledError) as error:
            await asyncio.shield(turn.drop("client_gone"))
            if isinstance(error, asyncio.CancelledError):
                raise
        except Exception as error:
            _log.error("reply_failed", exchange=turn.origin.id, error=type(error).__name__)
            failure = UpstreamError("handrail met an internal error.", 500, "internal_error")
            return await self._broken(turn, failure)
        finally:
            reading.cancel()
        return turn.answer.response

    @contextmanager
    def _cuttable(self) -> Iterator[None]:
        """Let a stop break off what is done in the context. Raises _Stopped when it was that."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a reply is relayed by a task")
        self._cuttables.add(task)
        try:
            yield
        except asyncio.CancelledError:
            if not self._stopping:
                raise
            task.uncancel()
            raise _Stopped from None
        finally:
            self._cuttables.discard(task)

    async def _exchange(self, turn: Turn) -> None:
        headers = self._forwarding.headers(turn.request)
        headers["Accept-Encoding"] = "identity"
        send = self._upstream.send("POST", turn.request.raw_path, headers, turn.body, decode=True)
        async with send as got:
            turn.answer.begin(got.status, got.reason, to_client(got.headers, decoded=True))
            turn.again = partial(self._regenerator.settle, turn, got.close)
            if not _readable(got):
                await self._undecoded(turn, got)
            elif got.status in _REDIRECTS:
                # Most clients would follow, past this guard.
                raise UpstreamError("The model server redirects elsewhere.", 502, "upstream_redirect")
            elif got.status >= web.HTTPMultipleChoices.status_code:
                await self._pass(turn, got)
            elif got.content_type == turn.dialect.stream_type:
                await answer_streamed(turn, got, self._settings, self._history)
            else:
                await answer_whole(turn, got, self._settings, self._history)

    async def _undecoded(self, turn: Turn, got: aiohttp.ClientResponse) -> None:
        """A body in a coding that was not undone can't be read: it passes as the settings say, or not."""
        if self._settings.fail_reply == "closed":
            message = "The model server's answer is in an unknown coding."
            raise UpstreamError(message, 502, "upstream_invalid")
        turn.answer.begin(got.status, got.reason, to_client(got.headers, decoded=False))
        await let_by(turn, got, b"", "unreadable_coding")

    async def _pass(self, turn: Turn, got: aiohttp.ClientResponse) -> None:
        """An error of the upstream's own: the client knows best what to make of it."""
        async for data in got.content.iter_any():
            await turn.answer.write(data)
        await turn.answer.finish()
        await turn.drop("upstream_status")

    async def _broken(self, turn: Turn, error: UpstreamError) -> web.StreamResponse:
        """The upstream failed: an error response, or an error event where the answer has begun."""
        turn.guard.metrics.upstream_errors.labels(error.code).inc()
        _log.error("upstream_failed", exchange=turn.origin.id, code=error.code)
        return await self._break_off(turn, error)

    async def _break_off(self, turn: Turn, error: UpstreamError) -> web.StreamResponse:
        """Count what is not concluded as lost, and tell the client as far as the answer allows."""
        await turn.drop(error.code)
        fault = Fault(error.status, str(error), code=error.code)
        if not turn.answer.begun:
            return error_response(fault, turn.dialect.write_error, error.retry_after)
        if turn.stream is None:
            return turn.answer.cut() or turn.answer.response
        last, word = turn.stream.abort(fault)
        try:
            await turn.answer.write(last + word)
            if not word:
                # Plain text has no word for it: an answer that just ended would pass for whole.
                return turn.answer.cut() or turn.answer.response
            await turn.answer.finish()
        except ClientGone:
            pass
        return turn.answer.response


def _readable(got: aiohttp.ClientResponse) -> bool:
    """Whether a body can be read as its reader will: unpacked, and in a character set like UTF-8."""
    coding = got.headers.get("Content-Encoding", "identity").lower()
    return coding in _READABLE_CODINGS and _CHARSETS.fullmatch(got.charset or "utf-8") is not None
