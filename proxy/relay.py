"""Relay: passes on what needs no judging, byte for byte, in both directions."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

from handrail.classifiers.errors import RequestError, UpstreamError
from handrail.proxy.answers import Answer, ClientGone, error_response, refusal
from handrail.proxy.dialects.dialect import INVALID, Dialect, Fault
from handrail.proxy.dialects.openai_chat import write_error
from handrail.proxy.forwarding import Forwarding
from handrail.proxy.headers import to_client
from handrail.proxy.limits import Limits
from handrail.proxy.logs import logger
from handrail.proxy.metrics import Metrics
from handrail.proxy.routing import model_of
from handrail.proxy.settings import Settings
from handrail.proxy.upstream import Body, Upstream

_log = logger("relay")


@dataclass(slots=True)
class Seen:
    """What of an answer went by: at most `most` bytes of it are kept, as they came.

    `failure` is None for an answer that came whole, else why it did not.
    """

    most: int
    body: bytearray = field(default_factory=bytearray)
    headers: CIMultiDict[str] = field(default_factory=CIMultiDict)
    content_type: str = ""
    cropped: bool = False
    failure: str | None = None

    def begin(self, got: aiohttp.ClientResponse) -> None:
        """Note how an answer begins."""
        if self.most:
            self.headers, self.content_type = CIMultiDict(got.headers), got.content_type
        if got.status >= web.HTTPMultipleChoices.status_code:
            self.failure = "upstream_status"
            self.most = 0

    def keep(self, data: bytes) -> None:
        """Keep some of the body."""
        if not self.most:
            return
        room = self.most - len(self.body)
        self.cropped = self.cropped or len(data) > room
        self.body += data[:room]


class Relay:
    """Handles every request that is not read: what is no chat, and chats that are let by."""

    def __init__(
        self, settings: Settings, upstream: Upstream, forwarding: Forwarding, metrics: Metrics
    ) -> None:
        self._patience = settings.client_timeout
        self._most = settings.max_body_bytes
        self._limits = Limits(settings)
        self._upstream = upstream
        self._forwarding = forwarding
        self._metrics = metrics
        self._relayed = {n: metrics.relayed.labels(f"{n}xx") for n in range(2, 10)}

    async def handle(
        self,
        request: web.Request,
        dialect: Dialect | None = None,
        body: Body = None,
        seen: Seen | None = None,
    ) -> web.StreamResponse:
        """Pass a request on and its response back, unread.

        Errors of our own are told in the shape of a `dialect`; a `body` already taken is sent in place of
        the request's; what went by is noted in `seen`.
        """
        seen = seen or Seen(0)
        write = dialect.write_error if dialect else write_error
        if request.headers.get("Upgrade", "").lower() == "websocket":
            message = "handrail does not relay WebSockets."
            return error_response(Fault(501, message, INVALID, "unsupported_upgrade"))
        answer = Answer(request, self._patience)
        try:
            await self._pass(request, answer, body, seen)
        except UpstreamError as error:
            self._metrics.upstream_errors.labels(error.code).inc()
            seen.failure = error.code
            fault = Fault(error.status, str(error), code=error.code)
            return answer.cut() or error_response(fault, write, error.retry_after)
        except RequestError as error:
            seen.failure = error.code
            return answer.cut() or refusal(error, write)
        except (ClientGone, asyncio.CancelledError) as error:
            seen.failure = "client_gone"
            if isinstance(error, asyncio.CancelledError):
                raise
        except Exception as error:
            _log.error("relay_failed", error=type(error).__name__)
            seen.failure = "internal_error"
            fault = Fault(500, "handrail met an internal error.", "server_error", "internal_error")
            return answer.cut() or error_response(fault, write)
        return answer.response

    async def _pass(self, request: web.Request, answer: Answer, body: Body, seen: Seen) -> None:
        headers = self._forwarding.headers(request)
        model = None
        if body is None and request.body_exists:
            body, model = await self._body(request)
        if body is not None and request.content_length is not None:
            headers["Content-Length"] = str(request.content_length)
        async with self._upstream.send(
            request.method, request.raw_path, headers, body, decode=False, model=model
        ) as got:
            self._relayed[got.status // 100].inc()
            seen.begin(got)
            headers = to_client(got.headers, decoded=False)
            if "Content-Length" in headers and got.content.is_eof():
                # All of it is there by now, as mostly with short answers: head and body leave together.
                whole = got.content.read_nowait()
                seen.keep(whole)
                answer.begin(got.status, got.reason, headers, whole)
            else:
                answer.begin(got.status, got.reason, headers)
                await self._flow(got, answer, seen)
        await answer.finish()

    async def _flow(self, got: aiohttp.ClientResponse, answer: Answer, seen: Seen) -> None:
        await answer.write(b"")
        async for data in got.content.iter_any():
            seen.keep(data)
            await answer.write(data)

    async def _body(self, request: web.Request) -> tuple[AsyncIterator[bytes], str | None]:
        """The body of a request, and the model that it names, if that can decide where it goes."""
        by_model = self._upstream.router.by_model and request.content_type == "application/json"
        if not by_model or (request.content_length or 0) > self._most:
            return self._limits.upload(request), None
        body = await self._limits.read(request)
        return _once(body), model_of(body)


async def _once(body: bytes) -> AsyncIterator[bytes]:
    """A body that may be sent once alone: what it asks for may be done though no answer comes."""
    yield body
