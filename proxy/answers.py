"""Answers: what the client is sent, begun as late as possible so that a failure can still be an error."""

from collections.abc import Callable

from aiohttp import web
from multidict import CIMultiDict

from handrail.proxy.dialects.dialect import Fault
from handrail.proxy.dialects.openai_chat import write_error


class ClientGone(Exception):  # noqa: N818  (an event, not a fault)
    """The client closed the connection while it was being answered."""


class Answer:
    """A response that is sent its headers with its first byte."""

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self.response = web.StreamResponse()

    @property
    def begun(self) -> bool:
        """Whether the client has been sent anything yet."""
        return self.response.prepared

    def begin(self, status: int, reason: str | None, headers: CIMultiDict[str]) -> None:
        """Set what the response will begin with."""
        self.response = web.StreamResponse(status=status, reason=reason, headers=headers)

    async def write(self, data: bytes) -> None:
        """Send bytes, waiting while the client is slow. Raises ClientGone."""
        try:
            if not self.begun:
                await self.response.prepare(self._request)
            if data:
                await self.response.write(data)
        except ConnectionError as error:
            raise ClientGone from error

    async def finish(self) -> None:
        """Send the end. Raises ClientGone."""
        await self.write(b"")
        try:
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


def error_response(
    fault: Fault, write: Callable[[Fault], bytes] = write_error, retry_after: int | None = None
) -> web.Response:
    """An error in a dialect's shape, by default OpenAI's; `retry_after` is in seconds."""
    headers = {"Retry-After": str(retry_after)} if retry_after is not None else None
    return web.Response(
        status=fault.status, body=write(fault), headers=headers, content_type="application/json"
    )
