"""Relay: passes on what needs no judging, byte for byte, in both directions."""

from aiohttp import web

from handrail.classifiers.errors import UpstreamError
from handrail.proxy.answers import Answer, ClientGone, error_response
from handrail.proxy.dialects.dialect import INVALID, Fault
from handrail.proxy.headers import to_client, to_upstream
from handrail.proxy.logs import logger
from handrail.proxy.metrics import Metrics
from handrail.proxy.settings import Settings
from handrail.proxy.upstream import Upstream

_log = logger("relay")


class Relay:
    """Handles every request that is no chat completion."""

    def __init__(self, settings: Settings, upstream: Upstream, metrics: Metrics) -> None:
        self._upstream = upstream
        self._metrics = metrics

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Pass a request on and its response back, unread."""
        if request.headers.get("Upgrade", "").lower() == "websocket":
            message = "handrail does not relay WebSockets."
            return error_response(Fault(501, message, INVALID, "unsupported_upgrade"))
        answer = Answer(request)
        try:
            await self._pass(request, answer)
        except UpstreamError as error:
            self._metrics.upstream_errors.labels(error.code).inc()
            fault = Fault(error.status, str(error), code=error.code)
            return answer.cut() or error_response(fault, retry_after=error.retry_after)
        except ClientGone:
            pass
        except Exception as error:
            _log.error("relay_failed", error=type(error).__name__)
            message = "handrail met an internal error."
            return answer.cut() or error_response(Fault(500, message, "server_error", "internal_error"))
        return answer.response

    async def _pass(self, request: web.Request, answer: Answer) -> None:
        headers = to_upstream(request.headers)
        body = request.content.iter_any() if request.body_exists else None
        if body is not None and request.content_length is not None:
            headers["Content-Length"] = str(request.content_length)
        async with self._upstream.send(request.method, request.raw_path, headers, body, decode=False) as got:
            self._metrics.relayed.labels(f"{got.status // 100}xx").inc()
            answer.begin(got.status, got.reason, to_client(got.headers, decoded=False))
            await answer.write(b"")
            async for data in got.content.iter_any():
                await answer.write(data)
        await answer.finish()
