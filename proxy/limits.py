"""Limits: how much of a request is taken, and what is refused before anything is done with it."""

import asyncio
import json
from collections.abc import AsyncIterator

from aiohttp import HttpVersion11, web

from handrail.classifiers.errors import RequestError
from handrail.proxy.settings import Settings


class Limits:
    """The limits of the settings. Every refusal is a RequestError that names the mend."""

    def __init__(self, settings: Settings) -> None:
        self._most = settings.max_body_bytes
        self._depth = settings.max_json_depth
        self._messages = settings.max_messages
        self._patience = settings.client_timeout

    async def read(self, request: web.BaseRequest) -> bytes:
        """The whole body of a request that is to be read."""
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            message = "The request body must not be compressed: leave out Content-Encoding."
            raise RequestError(message, status=415, code="unsupported_encoding")
        if (request.content_length or 0) > self._most:
            raise self._too_large()
        body = bytearray(self.arrived(request) or b"")
        if len(body) > self._most:
            raise self._too_large()
        async for data in self.upload(request):
            body += data
            if len(body) > self._most:
                raise self._too_large()
        return bytes(body)

    def arrived(self, request: web.BaseRequest) -> bytes | None:
        """The body of a request if all of it is there already, as it mostly is; None where it is awaited."""
        content = request.content
        return content.read_nowait() if content.is_eof() and content.exception() is None else None

    async def upload(self, request: web.BaseRequest) -> AsyncIterator[bytes]:
        """The body of a request, as it comes. The client is told to go on when this is first asked for.

        It raises RequestError when it breaks off, or the client falls silent.
        """
        await _say_continue(request)
        chunks = request.content.iter_any()
        while True:
            try:
                async with asyncio.timeout(self._patience):
                    data = await anext(chunks, b"")
            except TimeoutError as error:
                message = "The request body did not come in time."
                raise RequestError(message, status=408, code="request_timeout") from error
            except Exception as error:
                raise RequestError("The request body broke off.", code="request_cut") from error
            if not data:
                return
            yield data

    def check_shape(self, body: bytes) -> None:
        """Refuse JSON that is nested too deeply, or lists too many messages."""
        # Most requests have too few brackets for either, and need not be parsed for this.
        if body.count(b"{") + body.count(b"[") <= min(self._depth, self._messages):
            return
        try:
            payload = json.loads(body)
        except ValueError:
            return  # The dialect says what is wrong with it.
        except RecursionError:
            payload = None
        if payload is None or _deeper(payload, self._depth):
            raise RequestError(f"The request is nested more than {self._depth} levels deep: flatten it.")
        for name, value in payload.items() if isinstance(payload, dict) else ():
            if isinstance(value, list):
                self.check_count(len(value), name)

    def check_count(self, count: int, field: str) -> None:
        """Refuse too many messages in a field."""
        if count > self._messages:
            message = f"'{field}' holds {count} entries, more than {self._messages}: leave out early ones."
            raise RequestError(message, field)

    def _too_large(self) -> RequestError:
        message = f"The request body is larger than {self._most} bytes: shorten the conversation."
        return RequestError(message, status=413, code="request_too_large")


def check_frame(request: web.BaseRequest) -> None:
    """Refuse a request that the next server might frame or route otherwise than we do."""
    if not request.raw_path.startswith("/") or "#" in request.raw_path:
        raise RequestError("The request target must be a path.", code="invalid_target")
    coding = request.headers.getall("Transfer-Encoding", ())
    if coding and (request.version < HttpVersion11 or [c.strip().lower() for c in coding] != ["chunked"]):
        message = "The only Transfer-Encoding that is understood is chunked, in HTTP/1.1."
        raise RequestError(message, status=501, code="unsupported_transfer_encoding")


async def _say_continue(request: web.BaseRequest) -> None:
    """Ask for a body that the client holds back until it is told that it is wanted."""
    if request.headers.get("Expect", "").lower() == "100-continue" and request.version >= HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # As nothing of the answer itself has been sent yet.
        request.writer.output_size = 0


def check_expectation(request: web.Request) -> None:
    """Refuse an `Expect` header but `100-continue`, which is met when the body is wanted."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        return
    message = "The only expectation that can be met is 100-continue."
    raise RequestError(message, status=417, code="expectation_failed")


def _deeper(value: object, most: int) -> bool:
    """Whether JSON is nested more than so many levels deep."""
    level = [value]
    for _ in range(most + 1):
        level = [child for v in level for child in _children(v)]
        if not level:
            return False
    return True


def _children(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
