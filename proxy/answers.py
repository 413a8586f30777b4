"""Answers: what the client is sent, begun as late as possible so that a failure can still be an error."""

import asyncio
from collections.abc import Callable

from aiohttp import web
from multidict import CIMultiDict

from handrail.classifiers.errors import RequestError
from handrail.proxy.dialects.dialect import INVALID, Fault
from handrail.proxy.dialects.openai_chat import write_error

# Bytes that a connection takes in without making its writer wait (asyncio's high-water mark).
_NEVER_WAITS = 2**16


class ClientGone(Exception):  # noqa: N818  (an event, not a fault)
    """The client closed the connection while it was being answered."""


class _Passed(web.StreamResponse):
    """A response of an upstream's, with the headers that it gave and none of the framework's."""

    def __init__(self, *, status: int, reason: str | None, headers: CIMultiDict[str]) -> None:
        super().__init__(status=status, reason=reason, headers=headers)
        self.given = headers


class _PassedWhole(web.Response):
    """The same, with all of its body, so that head and body leave together."""

    def __init__(self, *, status: int, reason: str | None, headers: CIMultiDict[str], body: bytes) -> None:
        super().__init__(status=status, reason=reason, headers=headers, body=body)
        self.given = headers


async def restore_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Undo what the framework has done to headers; to be run before they are sent."""
    if not isinstance(response, _Passed | _PassedWhole):
        # Its version is nobody's business.
        response.headers.popall("Server", None)
        return
    for name in ("Content-Type", "Server"):
        if name not in response.given:
            response.headers.popall(name, None)
    # What a GET would have had; the one answer without a body that may say so besides a HEAD's.
    if response.status == web.HTTPNotModified.status_code and "Content-Length" in response.given:
        response.headers["Content-Length"] = response.given["Content-Length"]


class Answer:
    """A response that is sent its headers with its first byte."""

    def __init__(self, request: web.Request, patience: float) -> None:
        """Wait at most `patience` seconds for a client that takes no bytes."""
        self._request = request
        self._patience = patience
        self._response: web.StreamResponse | None = None

    @property
    def response(self) -> web.StreamResponse:
        """The response as far as it is known."""
        self._response = self._response or web.StreamResponse()
        return self._response

    @property
    def begun(self) -> bool:
        """Whether the client has been sent anything yet."""
        return self._response is not None and self._response.prepared

    def begin(self, status: int, reason: str | None, headers: CIMultiDict[str], body: bytes = b"") -> None:
        """Set what the response will begin with, or, with a body, all that it will be."""
        if body:
            self._response = _PassedWhole(status=status, reason=reason, headers=headers, body=body)
        else:
            self._response = _Passed(status=status, reason=reason, headers=headers)

    async def write(self, data: bytes) -> None:
        """Send bytes, waiting while the client is slow. Raises ClientGone."""
        try:
            if not self.begun:
                await self.response.prepare(self._request)
            if data:
                await self._send(data)
        except ConnectionError as error:
            raise ClientGone from error

    async def _send(self, data: bytes) -> None:
        transport = self._request.transport
        if transport is None or transport.get_write_buffer_size() + len(data) <= _NEVER_WAITS:
            await self.response.write(data)
            return
        try:
            async with asyncio.timeout(self._patience):
                await self.response.write(data)
        except TimeoutError as error:
            transport.abort()
            raise ClientGone from error

    async def finish(self) -> None:
        """Send the end. Raises ClientGone."""
        try:
            if not self.begun:
                await self.response.prepare(self._request)
            await self.response.write_eof()
        except ConnectionError as error:
            raise ClientGone from error

    def cut(self) -> web.StreamResponse | None:
        """Break the connection if the response has begun, so that the client sees it is not whole."""
        if not self.begun:
            return None
        if self._request.transport is not None:
            self._request.transport.abort()
        return self.response


def refusal(error: RequestError, write: Callable[[Fault], bytes] = write_error) -> web.Response:
    """What a client is told whose request can't be taken. What it may still be sending is not read."""
    response = error_response(Fault(error.status, str(error), INVALID, error.code, error.field), write)
    if error.status != web.HTTPBadRequest.status_code:
        response.force_close()
    return response


def error_response(
    fault: Fault, write: Callable[[Fault], bytes] = write_error, retry_after: int | None = None
) -> web.Response:
    """An error in a dialect's shape, by default OpenAI's; `retry_after` is in seconds."""
    headers = {"Retry-After": str(retry_after)} if retry_after is not None else None
    return web.Response(
        status=fault.status, body=write(fault), headers=headers, content_type="application/json"
    )
