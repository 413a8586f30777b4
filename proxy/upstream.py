"""Upstream: the one place that speaks to chatbot servers, and translates what goes wrong there."""

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from handrail.classifiers.errors import RequestError, UpstreamError
from handrail.proxy.breaker import Breaker, State
from handrail.proxy.deadlines import Deadlines
from handrail.proxy.logs import logger
from handrail.proxy.metrics import Metrics
from handrail.proxy.retry import TEMPORARY, Retries, wished_wait
from handrail.proxy.routing import DEFAULT, Destination, Router, destination, model_of
from handrail.proxy.settings import Settings

_log = logger("upstream")

# Bytes of an answer read ahead of a client that is slow to take them (twice that, at most).
_BUFFER = 2**16

Body = bytes | AsyncIterator[bytes] | None

# Methods that mean the same when they are said twice (RFC 9110, section 9.2.2).
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
# What fails before a byte of the request has left.
_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


@dataclass(slots=True)
class _Call:
    """A request to be sent, perhaps more than once."""

    method: str
    url: URL
    headers: CIMultiDict[str]
    body: Body
    decode: bool

    @property
    def repeatable(self) -> bool:
        """Whether it may be sent again though the upstream may have had it.

        A body in memory is a chat's: asking a model twice does no harm. Any other request must be
        idempotent, and have no body that has flowed away.
        """
        return isinstance(self.body, bytes) or (self.body is None and self.method in _IDEMPOTENT)


class Upstream:
    """Pools of connections to the servers of the settings. Close it when done."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        key, header = settings.upstream_key, settings.upstream_key_header
        first = destination(DEFAULT, settings.upstream_url, key, header)
        self.router = Router(first, settings.upstreams)
        self._breakers = {
            found.name: Breaker(settings.breaker_failures, settings.breaker_seconds)
            for found in self.router.destinations
        }
        self._metrics = metrics
        for name in self._breakers:
            metrics.circuit.labels(name).set_function(partial(self._state, name))
        self._retries = Retries(settings.retries, settings.retry_seconds, settings.retry_most_seconds)
        self._totals = Deadlines(settings.total_timeout)
        self._firsts = Deadlines(settings.first_byte_timeout)
        self._idle = settings.idle_timeout
        self._session = _session(settings)
        self._brief = aiohttp.ClientTimeout(total=None, connect=settings.connect_timeout)

    async def close(self) -> None:
        """Close all connections."""
        self._totals.close()
        self._firsts.close()
        await self._session.close()

    @asynccontextmanager
    async def send(  # noqa: PLR0913  (a request has so many parts)
        self,
        method: str,
        path: str,
        headers: CIMultiDict[str],
        body: Body,
        *,
        decode: bool,
        model: str | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request on; give the response while its body is still coming.

        `path` is the raw path with its query; with the model that a body in memory names, or `model`, it
        decides which upstream is asked, and whose key is sent. `decode` undoes the body's content coding.
        Until the first byte of an answer, and never after, a request that failed is sent again as the
        settings say. Raises UpstreamError for whatever the network does, also while the body is read, and
        at once while the circuit is open; and a RequestError that `body` raises.
        """
        if model is None and self.router.by_model and isinstance(body, bytes):
            model = model_of(body)
        target = self.router.choose(path, model)
        target.authorize(headers)
        call = _Call(method, URL(target.base + path, encoded=True), headers, body, decode)
        patience = asyncio.timeout(None)
        try:
            async with patience:
                self._totals.watch(patience)
                async with await self._answer(call, target, patience) as response:
                    _check_head(response)
                    self._await_next(response)
                    yield response
        except TimeoutError as error:
            raise UpstreamError(
                "The model server took too long to answer.", 504, "upstream_timeout"
            ) from error
        except aiohttp.ClientConnectionError as error:
            if isinstance(error.__cause__, RequestError):
                raise error.__cause__ from None
            raise _lost(error) from error
        except aiohttp.ClientError as error:
            raise UpstreamError("The model server's answer broke off.", 502, "upstream_cut") from error
        finally:
            self._totals.forget(patience)

    @asynccontextmanager
    async def socket(
        self, path: str, headers: CIMultiDict[str], protocols: Sequence[str], most: int
    ) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """Open a WebSocket; its messages hold at most `most` bytes. It is closed when the context ends.

        Raises UpstreamError where it can't be opened, with the upstream's own status where it refused.
        """
        target = self.router.choose(path, None)
        target.authorize(headers)
        self._admit(target.name)
        try:
            far = await self._session.ws_connect(
                URL(target.base + path, encoded=True),
                headers=headers,
                protocols=protocols,
                max_msg_size=most,
                heartbeat=self._idle,
                compress=15,
            )
        except BaseException as error:
            refused = isinstance(error, aiohttp.WSServerHandshakeError)
            self._note(target.name, False if refused else _is_upstreams(error))
            if isinstance(error, aiohttp.ClientError | TimeoutError):
                raise _unopened(error) from error
            raise
        self._note(target.name, False)
        try:
            yield far
        finally:
            await far.close()

    async def _answer(
        self, call: _Call, target: Destination, patience: asyncio.Timeout
    ) -> aiohttp.ClientResponse:
        """The first answer worth passing on, or the last there was."""
        tried = 0
        while True:
            tried += 1
            try:
                response = await self._ask(call, target.name, patience)
            except (aiohttp.ClientError, TimeoutError) as error:
                wait = self._retries.wait(tried) if _sendable(call, error) else None
                if wait is None:
                    raise
            else:
                wait = self._after(response, tried) if call.repeatable else None
                if wait is None:
                    return response
                response.close()
            self._metrics.retries.labels(target.name).inc()
            await asyncio.sleep(wait)

    async def _ask(self, call: _Call, name: str, patience: asyncio.Timeout) -> aiohttp.ClientResponse:
        """Send once, if the circuit is closed, and tell its breaker what became of it."""
        self._admit(name)
        waits = not isinstance(call.body, AsyncIterator)
        if waits:
            self._firsts.watch(patience)
        try:
            response = await self._session.request(
                call.method,
                call.url,
                headers=call.headers,
                data=call.body,
                allow_redirects=False,
                auto_decompress=call.decode,
                # While a body streams through, its client decides how long it takes: time runs from its end.
                timeout=self._brief if waits else self._session.timeout,
            )
        except BaseException as error:
            late = waits and not self._firsts.forget(patience)
            self._note(name, True if late else _is_upstreams(error))
            raise
        self._firsts.forget(patience)
        self._note(name, response.status in TEMPORARY)
        return response

    def _admit(self, name: str) -> None:
        """Raise UpstreamError while the circuit of an upstream is open."""
        if (seconds := self._breakers[name].admit()) is not None:
            message = "The model server does not answer; it will be tried again shortly."
            raise UpstreamError(message, 503, "upstream_resting", math.ceil(seconds))

    def _state(self, name: str) -> float:
        return float(self._breakers[name].state)

    def _note(self, name: str, failed: bool | None) -> None:
        """Tell a breaker; `failed` is None where nothing is learned of the upstream."""
        breaker = self._breakers[name]
        if failed is False and breaker.calm:
            return
        before = breaker.state
        if failed is None:
            breaker.abandoned()
        elif failed:
            breaker.failed()
        else:
            breaker.succeeded()
        if State.OPEN in {breaker.state, before} and breaker.state != before:
            _log.warning("circuit", upstream=name, state=breaker.state.name.lower())

    def _after(self, response: aiohttp.ClientResponse, tried: int) -> float | None:
        """Seconds to wait before asking again after an answer; None when the answer is to be passed on."""
        if response.status not in TEMPORARY:
            return None
        return self._retries.wait(tried, wished_wait(response.headers.get("Retry-After")))

    def _await_next(self, response: aiohttp.ClientResponse) -> None:
        """From its first byte on, an answer must only not fall silent for too long."""
        connection = response.connection
        if connection is None or connection.protocol is None:
            return
        connection.protocol.read_timeout = self._idle
        # More than a buffer may have paused reading: then time only counts from when it is resumed.
        if response.content.total_bytes < _BUFFER:
            connection.protocol.start_timeout()


def _session(settings: Settings) -> aiohttp.ClientSession:
    size = settings.max_header_bytes
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(
            total=None, connect=settings.connect_timeout, sock_read=settings.first_byte_timeout
        ),
        # A proxy keeps no cookies: they are the client's.
        cookie_jar=aiohttp.DummyCookieJar(),
        connector=aiohttp.TCPConnector(
            limit=0,
            limit_per_host=settings.max_connections,
            keepalive_timeout=settings.keepalive_seconds,
        ),
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        read_bufsize=_BUFFER,
        max_line_size=size,
        max_field_size=size,
    )


def _sendable(call: _Call, error: Exception) -> bool:
    """Whether a request that met an error may be sent again. One that was waited for long enough may not."""
    if isinstance(error, _NEVER_SENT):
        return True
    lost = isinstance(error, aiohttp.ClientConnectionError) and not isinstance(error, TimeoutError)
    return call.repeatable and lost and not isinstance(error.__cause__, RequestError)


def _is_upstreams(error: BaseException) -> bool | None:
    """True for an error that an upstream is to blame for; None for any other, such as a client that left."""
    if isinstance(error, aiohttp.ClientError | TimeoutError) and not isinstance(
        error.__cause__, RequestError
    ):
        return True
    return None


def _check_head(response: aiohttp.ClientResponse) -> None:
    """Refuse an answer that would not mean the same to the client as it does to us."""
    codings = response.headers.getall("Transfer-Encoding", ())
    framed = not codings or [coding.strip().lower() for coding in codings] == ["chunked"]
    if response.status < web.HTTPOk.status_code or not framed or not (response.reason or "").isprintable():
        raise UpstreamError("The model server's answer is not plain HTTP/1.1.", 502, "upstream_invalid")


def _unopened(error: Exception) -> UpstreamError:
    """The error for a WebSocket that could not be opened."""
    if isinstance(error, aiohttp.WSServerHandshakeError):
        status = error.status if error.status >= 400 else 502
        return UpstreamError("The model server refused the WebSocket.", status, "upstream_refused")
    if isinstance(error, TimeoutError):
        return UpstreamError("The model server took too long to answer.", 504, "upstream_timeout")
    if isinstance(error, aiohttp.ClientConnectionError):
        return _lost(error)
    return UpstreamError("The model server's answer was no WebSocket.", 502, "upstream_invalid")


def _lost(error: aiohttp.ClientConnectionError) -> UpstreamError:
    if isinstance(error, aiohttp.ClientConnectorError):
        return UpstreamError("The model server could not be reached.", 502, "upstream_unreachable")
    return UpstreamError("The model server closed the connection.", 502, "upstream_cut")
