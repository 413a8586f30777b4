"""Chat: one chat completion, from request to judged reply."""

import asyncio
from dataclasses import dataclass, field, replace

import aiohttp
from aiohttp import web

from handrail.classifiers.errors import RequestError, UpstreamError
from handrail.classifiers.exchange import Conversation
from handrail.policies.decision import Action, Decision
from handrail.proxy.answers import Answer, ClientGone, error_response
from handrail.proxy.dialects.dialect import INVALID, Asked, Dialect, Fault
from handrail.proxy.guard import Guard, Verdict
from handrail.proxy.headers import EXCHANGE_HEADER, LOCALE_HEADER, to_client, to_upstream
from handrail.proxy.history import History
from handrail.proxy.journal.record import Delivery, Origin
from handrail.proxy.logs import logger
from handrail.proxy.settings import Settings
from handrail.proxy.stream import ReplyStream
from handrail.proxy.upstream import Upstream

_log = logger("chat")

# Content codings that the client library undoes.
_READABLE_CODINGS = frozenset({"identity", "gzip", "deflate", "br", "zstd"})
# What a whole answer's headers say of its bytes, no longer true once it is repaired.
_OF_THE_BODY = ("ETag", "Digest", "Content-Digest", "Repr-Digest", "Content-MD5")


@dataclass(slots=True)
class _Turn:
    """One request on its way: what was asked, where it came from, and the choices concluded so far."""

    request: web.Request
    dialect: Dialect
    asked: Asked
    body: bytes
    origin: Origin
    answer: Answer
    stream: ReplyStream | None = None
    concluded: set[int] = field(default_factory=set)
    delivered: dict[int, str] = field(default_factory=dict)
    # What was found in parts of replies that are not concluded yet, and what had been delivered by then.
    pending: dict[int, tuple[Verdict, str]] = field(default_factory=dict)


class ChatHandler:
    """Handles chat completions: relays the request, judges the reply, repairs what would harm."""

    def __init__(self, settings: Settings, upstream: Upstream, guard: Guard) -> None:
        self._settings = settings
        self._key = settings.bearer
        self._upstream = upstream
        self._guard = guard
        self._history = History(settings.history_most, settings.history_seconds)

    async def handle(self, request: web.Request, dialect: Dialect) -> web.StreamResponse:
        """Answer a request of a dialect."""
        try:
            body = await request.read()
            asked = dialect.read_request(body)
        except RequestError as error:
            fault = Fault(400, str(error), INVALID, "invalid_request", error.field)
            return error_response(fault, dialect.write_error)
        locale = request.headers.get(LOCALE_HEADER) or self._settings.locale
        country = self._guard.decider.directory.country_of(locale)
        origin = Origin.now(dialect.name, request.path, country)
        asked = self._with_history(asked, origin)
        if asked.unread:
            _log.warning("request_partly_unread", exchange=origin.id, kinds=asked.unread)
        with self._guard.metrics.open_replies.track_inprogress():
            return await self._relay(_Turn(request, dialect, asked, body, origin, Answer(request)))

    def _with_history(self, asked: Asked, origin: Origin) -> Asked:
        """The request with the conversation that it only refers to."""
        if asked.continues is None:
            return asked
        earlier = self._history.recall(asked.continues)
        if earlier is None:
            _log.warning("history_unknown", exchange=origin.id)
            return asked
        messages = (*earlier.messages, *asked.conversation.messages)
        return replace(asked, conversation=Conversation(messages))

    async def _relay(self, turn: _Turn) -> web.StreamResponse:
        reading = self._guard.warm(turn.asked.conversation)
        try:
            await self._exchange(turn)
        except UpstreamError as error:
            return await self._broken(turn, error)
        except (ClientGone, asyncio.CancelledError) as error:
            await asyncio.shield(self._drop(turn, "client_gone"))
            if isinstance(error, asyncio.CancelledError):
                raise
        except Exception as error:
            _log.error("reply_failed", exchange=turn.origin.id, error=type(error).__name__)
            failure = UpstreamError("handrail met an internal error.", 500, "internal_error")
            return await self._broken(turn, failure)
        finally:
            reading.cancel()
        return turn.answer.response

    async def _exchange(self, turn: _Turn) -> None:
        headers = to_upstream(turn.request.headers, self._key)
        headers["Accept-Encoding"] = "identity"
        send = self._upstream.send("POST", turn.request.raw_path, headers, turn.body, decode=True)
        async with send as got:
            turn.answer.begin(got.status, got.reason, to_client(got.headers, decoded=True))
            _check_coding(got)
            if got.status >= web.HTTPMultipleChoices.status_code:
                await self._pass(turn, got)
            elif got.content_type == turn.dialect.stream_type:
                await self._stream(turn, got)
            else:
                await self._whole(turn, got)

    async def _pass(self, turn: _Turn, got: aiohttp.ClientResponse) -> None:
        """An error of the upstream's own: the client knows best what to make of it."""
        async for data in got.content.iter_any():
            await turn.answer.write(data)
        await turn.answer.finish()

    async def _whole(self, turn: _Turn, got: aiohttp.ClientResponse) -> None:
        body = await self._read_body(got)
        reply = turn.dialect.read_reply(body)
        readable = [c for c in reply.voices if c.text or not c.unread]
        for choice in reply.voices:
            if choice not in readable:
                turn.concluded.add(choice.index)
                self._guard.skip(turn.origin, choice.unread or "unknown")
        verdicts = await asyncio.gather(
            *(self._guard.judge(turn.asked.conversation, c.text, turn.origin.country) for c in readable)
        )
        decisions: dict[int, Decision] = {}
        for choice, verdict in zip(readable, verdicts, strict=True):
            decisions[choice.index] = verdict.decision
            delivered = verdict.decision.delivered(choice.text)
            await self._conclude(turn, choice.index, choice.text, delivered, verdict)
        if any(d.action != Action.DELIVER for d in decisions.values()):
            body = turn.dialect.write_reply(reply, decisions, turn.origin.id)
            for name in _OF_THE_BODY:
                turn.answer.response.headers.popall(name, None)
            turn.answer.response.headers[EXCHANGE_HEADER] = turn.origin.id
        self._remember(turn, reply.id)
        turn.answer.response.content_length = len(body)
        await turn.answer.write(body)
        await turn.answer.finish()

    async def _read_body(self, got: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for data in got.content.iter_any():
            body += data
            self._check_size(len(body))
        return bytes(body)

    async def _stream(self, turn: _Turn, got: aiohttp.ClientResponse) -> None:
        hold = await self._guard.hold(turn.asked.conversation)
        scribe = turn.dialect.scribe(turn.origin.id)
        stream = turn.stream = ReplyStream(scribe, hold, self._settings.max_held_characters, turn.asked.count)
        decoder = turn.dialect.decoder()
        size = 0
        async for data in got.content.iter_any():
            size += len(data)
            self._check_size(size)
            for frame in decoder.feed(data):
                stream.receive(frame)
            await self._settle(turn, stream)
            await turn.answer.write(stream.take())
            if stream.over:
                break
        for frame in () if stream.over else decoder.flush():
            stream.receive(frame)
        stream.end()
        await self._settle(turn, stream)
        self._skip_unread(turn, stream)
        self._remember(turn, stream.answer)
        await turn.answer.write(stream.close())
        await turn.answer.finish()
        await self._drop(turn, "upstream_silent")

    async def _settle(self, turn: _Turn, stream: ReplyStream) -> None:
        """Judge every passage that is due, until none is. What was flagged is durable before this returns."""
        while due := stream.due():
            for index, passage in due:
                if passage.whole and not passage.text and stream.voices[index]:
                    stream.pass_unread(index, passage)
                    continue
                verdict = await self._guard.judge(
                    turn.asked.conversation, passage.text, turn.origin.country, complete=passage.whole
                )
                written = stream.text(index)
                delivered = stream.resolve(index, passage, verdict.decision)
                if passage.whole or verdict.decision.action == Action.REPLACE:
                    await self._conclude(turn, index, written, delivered, verdict)
                elif verdict.decision.flagged:
                    turn.pending[index] = (verdict, written[: passage.start])

    async def _conclude(self, turn: _Turn, index: int, reply: str, delivered: str, verdict: Verdict) -> None:
        turn.concluded.add(index)
        turn.delivered[index] = delivered
        delivery = Delivery(index, turn.asked.conversation, reply, delivered)
        await self._guard.conclude(turn.origin, delivery, verdict)

    def _remember(self, turn: _Turn, name: str | None) -> None:
        """Keep what was said, as the person knows it, for a request that refers to this answer."""
        if name:
            self._history.keep(name, turn.asked.conversation, turn.delivered.get(0, ""))

    def _skip_unread(self, turn: _Turn, stream: ReplyStream) -> None:
        for index, unread in stream.voices.items():
            if index not in turn.concluded:
                turn.concluded.add(index)
                self._guard.skip(turn.origin, unread or "unknown")

    async def _broken(self, turn: _Turn, error: UpstreamError) -> web.StreamResponse:
        """The upstream failed: an error response, or an error event where the answer has begun."""
        self._guard.metrics.upstream_errors.labels(error.code).inc()
        _log.error("upstream_failed", exchange=turn.origin.id, code=error.code)
        await self._drop(turn, error.code)
        fault = Fault(error.status, str(error), code=error.code)
        if not turn.answer.begun:
            return error_response(fault, turn.dialect.write_error)
        if turn.stream is None:
            return turn.answer.cut() or turn.answer.response
        try:
            await turn.answer.write(turn.stream.abort(fault))
            await turn.answer.finish()
        except ClientGone:
            pass
        return turn.answer.response

    async def _drop(self, turn: _Turn, reason: str) -> None:
        """Count the replies that never reached a verdict; record what had been found in them."""
        for index, (verdict, delivered) in turn.pending.items():
            if index not in turn.concluded and turn.stream:
                await self._conclude(turn, index, turn.stream.text(index), delivered, verdict)
        seen = set(turn.stream.voices) if turn.stream else set()
        for index in (seen | set(range(turn.asked.count))) - turn.concluded:
            turn.concluded.add(index)
            self._guard.metrics.replies.labels("failed", reason).inc()

    def _check_size(self, size: int) -> None:
        if size > self._settings.max_reply_bytes:
            raise UpstreamError("The model server's answer was too large.", 502, "upstream_too_large")


def _check_coding(got: aiohttp.ClientResponse) -> None:
    """A body in a coding that was not undone can't be read, and must not pass."""
    coding = got.headers.get("Content-Encoding", "identity").lower()
    if coding not in _READABLE_CODINGS:
        raise UpstreamError("The model server's answer is in an unknown coding.", 502, "upstream_invalid")
