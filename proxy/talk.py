"""Talk: one WebSocket between a client and its upstream: many turns, each reply judged before it leaves.

The conversation is kept from message to message, as far as a guard has use for it, in memory alone. While a
reply is judged nothing more is read from the upstream, and while one side is slow nothing from the other.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web

from handrail.classifiers.errors import RequestError, UpstreamError
from handrail.classifiers.exchange import Conversation, Message
from handrail.policies.context import Context
from handrail.proxy.answers import Answer
from handrail.proxy.dialects.dialect import Asked, Fault
from handrail.proxy.dialects.generic import GenericMapping, generic_dialect
from handrail.proxy.dialects.generic_socket import Heard, SocketScribe, hear, heed
from handrail.proxy.frame import Frame
from handrail.proxy.guard import Guard
from handrail.proxy.journal.record import Origin
from handrail.proxy.logs import logger
from handrail.proxy.messages import pack, unpack
from handrail.proxy.modes import Mode
from handrail.proxy.sessions import session_name
from handrail.proxy.settings import Settings
from handrail.proxy.stream import ReplyStream
from handrail.proxy.streamed import settle
from handrail.proxy.turn import Turn, check_size

_log = logger("talk")

# Close codes (RFC 6455, section 7.4.1).
NORMAL = 1000
GOING_AWAY = 1001
_CANT_READ = 1003
_TOO_LARGE = 1009
_BROKEN = 1011
# Codes that only say how a connection was lost, and can't be sent.
_NEVER_SENT = frozenset({0, 1005, 1006, 1015})
# Characters of a conversation kept for the guard to read.
_MOST_KEPT = 200_000


@dataclass(frozen=True, slots=True)
class Judging:
    """What the messages of a connection are read and judged with."""

    mapping: GenericMapping
    guard: Guard
    context: Context
    mode: Mode
    settings: Settings


class _Ended(Exception):  # noqa: N818  (an event, not a fault)
    """The connection is over: with what code both sides are told."""

    def __init__(self, code: int, lost: str) -> None:
        super().__init__(lost)
        self.code = code
        self.lost = lost


class Talk:
    """Carries the messages of one connection."""

    def __init__(
        self,
        request: web.Request,
        near: web.WebSocketResponse,
        far: aiohttp.ClientWebSocketResponse,
        judging: Judging,
    ) -> None:
        """`near` is the client's side, `far` the upstream's."""
        self._request = request
        self._near = near
        self._far = far
        self._with = judging
        self._messages: list[Message] = []
        self._turn: Turn | None = None
        self._size = 0
        self._leaving: int | None = None
        self._later: set[asyncio.Task[Any]] = set()

    async def run(self) -> None:
        """Carry messages both ways until a side closes the connection, and close the other."""
        ways = [asyncio.create_task(way()) for way in (self._from_client, self._from_upstream)]
        ended = _Ended(GOING_AWAY, "client_gone")
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            found = await asyncio.gather(*ways, return_exceptions=True)
            ended = next((e for e in found if isinstance(e, _Ended)), ended)
            await asyncio.shield(self._finish(ended))

    async def leave(self, code: int) -> None:
        """End the connection with a code, after the reply that is under way."""
        self._leaving = code
        if self._turn is None:
            await self._near.close(code=code)

    async def cut(self, code: int) -> None:
        """End the connection with a code, whatever is under way."""
        self._leaving = code
        await self._near.close(code=code)

    async def _finish(self, ended: _Ended) -> None:
        if self._turn is not None:
            await self._turn.drop(ended.lost)
        await asyncio.gather(*self._later, return_exceptions=True)
        await self._far.close(code=ended.code)
        await self._near.close(code=ended.code)

    async def _from_client(self) -> None:
        while True:
            message = await self._near.receive()
            if message.type == aiohttp.WSMsgType.TEXT:
                await self._heed(message.data)
            elif message.type == aiohttp.WSMsgType.BINARY:
                await self._unread_request(message.data)
            else:
                code = self._leaving or _code(self._near.close_code)
                lost = "client_gone" if self._leaving is None else "shutdown"
                raise _Ended(GOING_AWAY if code is None else code, lost)

    async def _from_upstream(self) -> None:
        try:
            while True:
                message = await self._far.receive()
                if message.type == aiohttp.WSMsgType.TEXT:
                    await self._hear(message.data)
                elif message.type == aiohttp.WSMsgType.BINARY:
                    await self._unreadable(message.data)
                elif self._far.close_code == _TOO_LARGE and message.type == aiohttp.WSMsgType.ERROR:
                    raise UpstreamError(
                        "The model server's message was too large.", 502, "upstream_too_large"
                    )
                else:
                    await self._upstream_left(_code(self._far.close_code))
        except UpstreamError as error:
            await self._broken(error)
        except (_Ended, asyncio.CancelledError):
            raise
        except Exception as error:
            _log.error("reply_failed", error=type(error).__name__)
            await self._broken(UpstreamError("handrail met an internal error.", 500, "internal_error"))

    async def _heed(self, data: str) -> None:
        """Take note of what the person says, and pass it on."""
        if self._with.mode != "off":
            try:
                heeded = heed(self._with.mapping, data)
            except RequestError as error:
                return await self._send(SocketScribe(self._with.mapping).failure(Fault(400, str(error))))
            if heeded is None:
                return await self._unread_request(data)
            self._note(*heeded)
        return await self._pass_up(data)

    def _note(self, history: list[Message] | None, text: str | None) -> None:
        if history is not None:
            self._messages = history
        if text:
            self._messages.append(Message("user", text))
            self._keep_within()
            # The risk is read while the model is writing.
            said = Conversation(tuple(self._messages))
            task = asyncio.create_task(self._with.guard.sessions.enter(said, self._name))
            self._later.add(task)
            task.add_done_callback(self._later.discard)

    @property
    def _name(self) -> str | None:
        """The name that the app gave the session, with the request that opened the connection."""
        return session_name(self._with.settings.session_key, self._request.headers, b"")

    def _keep_within(self) -> None:
        size = sum(len(m.content) for m in self._messages)
        while len(self._messages) > 1 and size > _MOST_KEPT:
            size -= len(self._messages.pop(0).content)

    async def _unread_request(self, data: str | bytes) -> None:
        """A message of the client's that can't be read: refused, or passed on and noted."""
        if self._stops():
            raise _Ended(_CANT_READ, "unread_frame")
        if self._with.mode != "off":
            _log.warning("request_partly_unread", kinds=("binary" if isinstance(data, bytes) else "text",))
        await self._pass_up(data)

    async def _pass_up(self, data: str | bytes) -> None:
        try:
            await (self._far.send_str(data) if isinstance(data, str) else self._far.send_bytes(data))
        except ConnectionError as error:
            raise _Ended(_BROKEN, "upstream_cut") from error

    async def _hear(self, data: str) -> None:
        """Judge what the upstream says, and pass on what may leave."""
        heard = hear(self._with.mapping, data)
        if heard is None:
            return await self._unreadable(data)
        if self._with.mode != "enforce":
            await self._tell(data)
        elif self._turn is None and not heard.speaks:
            return await self._tell(data)
        return await self._receive(Frame(pack(data), data), heard)

    async def _unreadable(self, data: str | bytes) -> None:
        """A message that can't be read: refused, or passed on in its order and counted."""
        if self._stops():
            raise UpstreamError("The model server's message can't be read.", 502, "upstream_invalid")
        if self._with.mode == "enforce" and self._turn is not None:
            return await self._receive(Frame(pack(data), None), Heard())
        self._with.guard.skip(self._origin(), "binary" if isinstance(data, bytes) else "unread_frame")
        return await self._tell(data)

    def _stops(self) -> bool:
        return self._with.mode == "enforce" and self._with.mapping.unread_frames == "stop"

    async def _receive(self, frame: Frame, heard: Heard) -> None:
        if self._with.mode == "off":
            if heard.ends:
                self._with.guard.skip(self._origin(), "off")
            return None
        if self._turn is None and not heard.speaks:
            return None
        turn = self._turn = self._turn or await self._begin()
        stream = turn.stream
        if stream is None:
            return None
        self._size += len(frame.raw)
        check_size(self._size, self._with.settings.max_reply_bytes)
        stream.receive(frame)
        if turn.shadow:
            return self._end_shadow(turn, stream) if heard.ends else None
        await settle(turn, stream)
        await self._send(stream.take())
        return await self._end(turn, stream) if heard.ends else None

    async def _begin(self) -> Turn:
        """A reply begins: its turn, and how much of it is held."""
        guard, settings = self._with.guard, self._with.settings
        asked = Asked(Conversation(tuple(self._messages)), stream=True)
        dialect = generic_dialect(self._with.mapping)
        shadow = self._with.mode == "shadow"
        answer = Answer(self._request, settings.client_timeout)
        turn = Turn(self._request, dialect, asked, b"", self._origin(), answer, guard)
        turn.shadow, turn.session = shadow, self._name
        if not shadow:
            await turn.sit()
        hold = "reply" if shadow else await guard.hold(asked.conversation, turn.origin.context)
        turn.stream = ReplyStream(SocketScribe(self._with.mapping), hold, settings.max_held_characters, 1)
        self._size = 0
        return turn

    async def _end(self, turn: Turn, stream: ReplyStream) -> None:
        """A reply has ended: what is still owed is said, and the conversation goes on from what was sent."""
        stream.end()
        await settle(turn, stream)
        turn.skip_unread(stream)
        await self._send(stream.close())
        self._close_turn(turn)
        if self._leaving is not None:
            raise _Ended(self._leaving, "shutdown")

    def _end_shadow(self, turn: Turn, stream: ReplyStream) -> None:
        """Judge a reply that has left already, without keeping anything waiting."""
        self._messages.append(Message("assistant", stream.text(0)))
        self._turn = None
        stream.end()
        task = asyncio.create_task(settle(turn, stream))
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    def _close_turn(self, turn: Turn) -> None:
        self._messages.append(Message("assistant", turn.delivered(0)))
        self._keep_within()
        self._turn = None

    async def _upstream_left(self, code: int | None) -> None:
        """The upstream closed. What it was saying is whole if it closed in good order."""
        turn = self._turn
        if turn is not None and turn.stream is not None and code == NORMAL:
            if turn.shadow:
                self._end_shadow(turn, turn.stream)
            else:
                await self._end(turn, turn.stream)
        elif turn is not None:
            await self._broken(UpstreamError("The model server closed the connection.", 502, "upstream_cut"))
        raise _Ended(_BROKEN if code is None else code, "upstream_cut")

    async def _broken(self, error: UpstreamError) -> None:
        """The upstream failed: what was held is dropped unread, and the client is told."""
        self._with.guard.metrics.upstream_errors.labels(error.code).inc()
        _log.error("upstream_failed", code=error.code)
        fault = Fault(error.status, str(error), code=error.code)
        if self._turn is None:
            self._with.guard.lose(self._origin(), error.code)
        turn, out = self._turn, SocketScribe(self._with.mapping).failure(fault)
        if turn is not None and turn.stream is not None and not turn.shadow:
            out = b"".join(turn.stream.abort(fault))
        await self._send(out)
        raise _Ended(_BROKEN, error.code)

    async def _send(self, data: bytes) -> None:
        for message in unpack(data):
            await self._tell(message)

    async def _tell(self, message: str | bytes) -> None:
        """Send the client a message; one that takes none for too long is gone."""
        try:
            async with asyncio.timeout(self._with.settings.client_timeout):
                await (
                    self._near.send_str(message)
                    if isinstance(message, str)
                    else self._near.send_bytes(message)
                )
        except (TimeoutError, ConnectionError) as error:
            raise _Ended(GOING_AWAY, "client_gone") from error

    def _origin(self) -> Origin:
        user = self._with.guard.user_of(self._request.headers)
        return Origin.now("generic_websocket", self._request.path, self._with.context, user)


def _code(code: int | None) -> int | None:
    """A close code as it may be sent on; None for one that only says that the connection was lost."""
    if code == 1005:
        return NORMAL
    return None if code is None or code in _NEVER_SENT else code
