"""App: the review pages as an application of their own, on a port of their own."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

from aiohttp import web

from handrail.classifiers.errors import JournalError, PolicyError
from handrail.policies.source import read_policy
from handrail.proxy.forwarding import Forwarding
from handrail.proxy.journal.build import build_journal
from handrail.proxy.keeping import open_shared
from handrail.proxy.rate_limit import RateLimiter
from handrail.proxy.review.accounts import build_accounts
from handrail.proxy.review.desk import DESK, Desk
from handrail.proxy.review.gate import errors, guarded
from handrail.proxy.review.layout import NAVIGATION, Entry
from handrail.proxy.review.news import News
from handrail.proxy.review.routes import ROUTES
from handrail.proxy.review.sign_in import SignIns
from handrail.proxy.settings import Settings

_MOST_BYTES = 2**18


def build_review(settings: Settings) -> web.Application:
    """The review pages. Starting them raises JournalError when the journal can't be opened."""
    app = web.Application(client_max_size=_MOST_BYTES, middlewares=[errors])
    app[NAVIGATION] = tuple(Entry(r.title, r.path, r.needs) for r in ROUTES if r.title)
    app.cleanup_ctx.append(lambda app: _open_desk(app, settings))
    app.on_shutdown.append(_hang_up)
    for path in ("/", "/review/"):
        app.router.add_get(path, _front)
    app.router.add_get("/healthz", _health)
    app.router.add_get("/readyz", _ready)
    for route in ROUTES:
        app.router.add_route(route.method, route.path, guarded(route.page, route.needs))
    return app


async def _open_desk(app: web.Application, settings: Settings) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        journal, accounts = build_journal(settings), build_accounts(settings)
        await journal.open()
        stack.push_async_callback(journal.close)
        await accounts.open()
        stack.push_async_callback(accounts.close)
        shared = await stack.enter_async_context(open_shared(settings))
        limiter = RateLimiter(shared)
        news = News(journal)
        news.start()
        stack.push_async_callback(news.stop)
        app[DESK] = Desk(
            settings,
            journal,
            accounts,
            SignIns(accounts, limiter, settings.review_idle_minutes * 60),
            Forwarding(settings.trusted_proxies, settings.forwarded),
            news,
            _rules(settings),
        )
        yield


async def _hang_up(app: web.Application) -> None:
    """Open streams of news would outlive every drain."""
    app[DESK].news.hang_up()


async def _front(request: web.Request) -> web.Response:
    return web.Response(status=303, headers={"Location": "/review"})


async def _health(request: web.Request) -> web.Response:
    """The process lives."""
    return web.json_response({"status": "ok"})


async def _ready(request: web.Request) -> web.Response:
    """Whether the journal, and so every page, can be reached."""
    try:
        health = await request.app[DESK].journal.health()
    except JournalError:
        return web.json_response({"status": "journal can't be reached"}, status=503)
    status = "ready" if health.reachable else "journal can't be reached"
    return web.json_response({"status": status}, status=200 if health.reachable else 503)


def _rules(settings: Settings) -> tuple[str, ...]:
    """The rules to choose from; where the policy can't be read, one can still be typed into the address."""
    try:
        return tuple(rule.id for rule in read_policy(settings.policy_path).rules)
    except PolicyError:
        return ()
