"""App: the aiohttp application, its parts put together in one place."""

from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.errors import RequestError
from handrail.classifiers.scheduler import Scheduler
from handrail.policies.decide import Decider
from handrail.policies.load import load_decider
from handrail.proxy.answers import error_response, refusal, restore_headers
from handrail.proxy.bypass import Bypass
from handrail.proxy.chat import ChatHandler
from handrail.proxy.dialects.dialect import INVALID, Fault
from handrail.proxy.dialects.generic import generic_dialect
from handrail.proxy.dialects.known import Known, dialects, unread_path
from handrail.proxy.dialects.openai_chat import write_error
from handrail.proxy.dialects.tools import Shown
from handrail.proxy.forwarding import Forwarding
from handrail.proxy.guard import Guard
from handrail.proxy.history import History
from handrail.proxy.keeping import observe, open_journal, open_shared
from handrail.proxy.limits import check_expectation, check_frame
from handrail.proxy.live import Live
from handrail.proxy.logs import logger
from handrail.proxy.metrics import CONTENT_TYPE, Metrics
from handrail.proxy.modes import mode_of
from handrail.proxy.panel import Panel
from handrail.proxy.rate_limit import Limits, RateLimiter, too_many, whole
from handrail.proxy.relay import Relay
from handrail.proxy.reload import Reloader
from handrail.proxy.second_opinion import SecondOpinion
from handrail.proxy.sessions import open_sessions
from handrail.proxy.settings import Settings
from handrail.proxy.sockets import SocketHandler
from handrail.proxy.upstream import Upstream
from handrail.proxy.verdict_cache import VerdictCache
from handrail.proxy.verdicts import LITELLM_PATH, SCREEN_PATH, VerdictHandler, openapi

_log = logger("app")


_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})


@dataclass(frozen=True, slots=True)
class Judgement:
    """What decides, loaded and checked: the model and the policy bound to it."""

    assessor: Assessor
    decider: Decider


LIVE = web.AppKey("live", Live)
RELOADER = web.AppKey("reloader", Reloader)
_FORWARDING = web.AppKey("forwarding", Forwarding)
_RELAY = web.AppKey("relay", Relay)
_CHAT = web.AppKey("chat", ChatHandler)
_VERDICTS = web.AppKey("verdicts", VerdictHandler)
_SOCKETS = web.AppKey("sockets", SocketHandler)
_SETTINGS = web.AppKey("settings", Settings)
_LIMITS = web.AppKey("limits", Limits)
_KNOWN = web.AppKey("known", Known)


def load_judgement(settings: Settings) -> Judgement:
    """Load model, policy, texts and resources. Raises ModelError or PolicyError with the mend."""
    assessor = Assessor.load(settings.model_path)
    paths = (settings.policy_path, settings.texts_path, settings.resources_path)
    return Judgement(assessor, load_decider(assessor.manifest.levels, *paths))


def build_app(settings: Settings, judgement: Judgement) -> web.Application:
    """The proxy as an application. Starting it raises JournalError when the journal can't be opened."""
    limited = settings.rate_limit or settings.rate_limit_address
    around = [_errors, _limits] if limited else [_errors]
    app = web.Application(client_max_size=settings.max_body_bytes, middlewares=around)
    app[_SETTINGS] = settings
    own = tuple(generic_dialect(mapping) for mapping in settings.generic if mapping.stream != "websocket")
    app[_KNOWN] = Known(own, dialects(Shown.of(settings.tools_shown)), settings.relay_unread)
    app.on_shutdown.append(_leave)
    app.cleanup_ctx.append(lambda app: _open_parts(app, settings, judgement))
    app.on_response_prepare.append(restore_headers)
    _route_own(app, settings.own_prefix)
    app.router.add_route("*", "/{path:.*}", _dispatch, expect_handler=_check_expectation)
    return app


def _route_own(app: web.Application, prefix: str) -> None:
    """The paths that handrail itself answers; an upstream's of the same name can't be reached."""

    def add_get(path: str, handler: Handler) -> None:
        app.router.add_get(prefix + path, handler)

    add_get("/healthz", _health)
    add_get("/readyz", _ready)
    add_get("/metrics", _metrics)
    add_get("/openapi.json", _openapi)
    app.router.add_post(prefix + SCREEN_PATH, _screen)
    app.router.add_post(prefix + LITELLM_PATH, _guardrail)


async def _open_parts(app: web.Application, settings: Settings, judgement: Judgement) -> AsyncIterator[None]:
    metrics = Metrics()
    upstream = Upstream(settings, metrics)
    async with (
        open_journal(settings, metrics) as journal,
        open_shared(settings) as shared,
        Scheduler(judgement.assessor) as scheduler,
    ):
        panel = Panel(metrics.validator_failures)
        second = SecondOpinion(settings.second_opinion) if settings.second_opinion else None
        sessions = open_sessions(settings, scheduler, metrics)
        guard = Guard(
            scheduler,
            judgement.decider,
            journal,
            metrics,
            sessions,
            fail_open=settings.fail_reply == "open",
            second=second,
            share=settings.stretch_share,
            panel=panel,
            cache=VerdictCache(settings.verdict_cache_seconds, shared, journal.pseudonym),
        )
        limits = (settings.rate_limit, settings.rate_limit_address)
        app[_LIMITS] = Limits(RateLimiter(shared), *limits, journal.pseudonym)
        app[LIVE] = Live(guard)
        app[RELOADER] = Reloader(settings, judgement.decider.levels, app[LIVE])
        app[_FORWARDING] = forwarding = Forwarding(settings.trusted_proxies, settings.forwarded)
        app[_RELAY] = Relay(settings, upstream, forwarding, metrics)
        history = History(settings.history_most, settings.history_seconds)
        bypass = Bypass(settings, app[_RELAY], app[LIVE], history)
        app[_CHAT] = ChatHandler(settings, upstream, forwarding, app[LIVE], bypass, history)
        app[_VERDICTS] = VerdictHandler(settings, app[LIVE])
        app[_SOCKETS] = SocketHandler(settings, upstream, forwarding, app[LIVE])
        async with app[RELOADER].watching():
            yield
        panel.close()
        await bypass.close()
        if second is not None:
            await second.close()
        await sessions.close()
        await upstream.close()


async def _leave(app: web.Application) -> None:
    """Connections that are kept open would outlive every drain, and a reply broken off says why."""
    await app[_SOCKETS].close()
    await app[_CHAT].close()


async def _dispatch(request: web.Request) -> web.StreamResponse:
    known = request.app[_KNOWN]
    dialect = known.dialect_of(request.method, request.path)
    try:
        check_frame(request)
        request.app[_FORWARDING].check_loop(request)
        if mapping := request.app[_SOCKETS].mapping_of(request):
            return await request.app[_SOCKETS].handle(request, mapping)
        if dialect is not None:
            return await request.app[_CHAT].handle(request, dialect)
    except RequestError as error:
        return refusal(error, dialect.write_error if dialect else write_error)
    unheld = mode_of(request.path, request.app[_SETTINGS].routes, request.app[_SETTINGS].mode) != "enforce"
    family = known.refused(request.method, request.path)
    if family is not None and not unheld:
        return error_response(unread_path(family))
    return await request.app[_RELAY].handle(request)


async def _health(request: web.Request) -> web.Response:
    """The process lives."""
    return web.json_response({"status": "ok"})


async def _ready(request: web.Request) -> web.Response:
    """Whether replies can be judged and flagged ones kept, and by which policy."""
    guard = request.app[LIVE].guard
    values: dict[str, Any] = {"model": guard.scheduler.assessor.version, "policy": guard.decider.policy_hash}
    if request.app[RELOADER].refused is not None:
        values["policy_refused"] = request.app[RELOADER].refused
    health = await observe(guard.journal, guard.metrics)
    if health is None:
        return web.json_response({"status": "journal can't be written", **values}, status=503)
    return web.json_response({"status": "ready", **values, "journal": asdict(health)})


async def _metrics(request: web.Request) -> web.Response:
    guard = request.app[LIVE].guard
    await observe(guard.journal, guard.metrics)
    return web.Response(body=guard.metrics.render(), headers={"Content-Type": CONTENT_TYPE})


async def _openapi(request: web.Request) -> web.Response:
    """What can be asked of the proxy by itself."""
    return web.json_response(openapi(version("handrail")))


async def _screen(request: web.Request) -> web.Response:
    return await request.app[_VERDICTS].screen(request)


async def _guardrail(request: web.Request) -> web.Response:
    return await request.app[_VERDICTS].guardrail(request)


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every error in the client's dialect; of an unforeseen one, only that it happened."""
    try:
        return await handler(request)
    except RequestError as error:
        return refusal(error, _writer(request))
    except web.HTTPRequestEntityTooLarge:
        limit = request.client_max_size
        message = f"The request body is larger than {limit} bytes."
        return error_response(Fault(413, message, INVALID, "request_too_large"), _writer(request))
    except web.HTTPException as error:
        return error_response(Fault(error.status, error.reason, INVALID), _writer(request))
    except Exception as error:
        _log.error("request_failed", error=type(error).__name__)
        fault = Fault(500, "handrail met an internal error.", "server_error", "internal_error")
        return error_response(fault, _writer(request))


async def _check_expectation(request: web.Request) -> web.Response | None:
    """What is asked before any other handler, and outside of what tells errors."""
    try:
        check_expectation(request)
    except RequestError as error:
        return refusal(error, _writer(request))
    return None


def _writer(request: web.Request) -> Callable[[Fault], bytes]:
    """How errors are told in the dialect of a request, by default OpenAI's."""
    dialect = request.app[_KNOWN].dialect_of(request.method, request.path)
    return dialect.write_error if dialect else write_error


@web.middleware
async def _limits(request: web.Request, handler: Handler) -> web.StreamResponse:
    """No more requests of a client than the settings allow; probes are not counted."""
    path = request.path.removeprefix(request.app[_SETTINGS].own_prefix)
    if request.method == "GET" and path in _PROBES:
        return await handler(request)
    address = request.app[_FORWARDING].client_of(request)
    seconds = await request.app[_LIMITS].wait(request.headers, address)
    if not seconds:
        return await handler(request)
    request.app[LIVE].guard.metrics.rate_limited.inc()
    response = error_response(too_many(seconds), _writer(request))
    response.headers["Retry-After"] = str(whole(seconds))
    return response
