"""Gate: who asks, by cookie or by a trusted proxy's header, and what is refused before a page is."""

from collections.abc import Awaitable, Callable
from urllib.parse import quote

from aiohttp import web
from aiohttp.typedefs import Handler

from handrail.classifiers.errors import JournalError, RequestError, ReviewError, SealedError, SettingsError
from handrail.proxy.logs import logger
from handrail.proxy.review.account import Account, May, account_name
from handrail.proxy.review.desk import DESK, Visit
from handrail.proxy.review.layout import problem, protect
from handrail.proxy.review.sign_in import cookie_name, new_cookie, set_cookie

Page = Callable[[Visit], Awaitable[web.StreamResponse]]

_log = logger("review")
_BY_ITSELF = "X-Handrail-Refresh"
_VISIT = web.RequestKey("visit", Visit)


def guarded(page: Page, needs: May | None) -> Handler:
    """A page as a handler, for those alone who may; None needs nobody to be signed in."""

    async def handle(request: web.Request) -> web.StreamResponse:
        visit = request[_VISIT] = await visit_of(request)
        if needs is not None and visit.account is None:
            return _to_sign_in(visit)
        if needs is not None and not visit.may(needs):
            raise RequestError("Your role does not allow this.", status=403)
        return await page(visit)

    return handle


async def visit_of(request: web.Request) -> Visit:
    """Who asks. A proxy's word counts before a cookie, and only where the settings trust it."""
    desk = request.app[DESK]
    secure = is_secure(request)
    cookie = request.cookies.get(cookie_name(secure=secure), "")
    header = desk.settings.review_user_header
    if header is not None:
        account = await _named_by_proxy(request, header)
    else:
        # What a page does by itself is no sign that somebody sits before it.
        looking = request.path != "/review/events" and _BY_ITSELF not in request.headers
        account = await desk.sign_ins.who(cookie, looking=looking) if cookie else None
    return Visit(request, account, cookie or new_cookie(), secure)


def is_secure(request: web.Request) -> bool:
    """Whether the browser speaks TLS, here or to a trusted proxy in front."""
    desk = request.app[DESK]
    if request.secure or (desk.settings.review_url or "").startswith("https:"):
        return True
    told = request.headers.get("X-Forwarded-Proto", "")
    return desk.forwarding.trusts(request.remote) and told.split(",")[-1].strip() == "https"


async def _named_by_proxy(request: web.Request, header: str) -> Account | None:
    desk = request.app[DESK]
    named = request.headers.getall(header, [])
    if len(named) != 1 or not desk.forwarding.trusts(request.remote):
        return None
    try:
        return await desk.accounts.find(account_name(named[0]))
    except SettingsError:
        return None


def _to_sign_in(visit: Visit) -> web.Response:
    request = visit.request
    if visit.desk.settings.review_user_header is not None:
        raise RequestError("Whoever your sign-in service says you are has no account here.", status=403)
    if request.method != "GET":
        raise RequestError("You have been signed out. Sign in, and try again.", status=401)
    return web.Response(
        status=303, headers={"Location": f"/review/login?next={quote(request.path_qs, safe='')}"}
    )


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every error as a page that says what to do; of an unforeseen one, only that it happened."""
    try:
        response = await handler(request)
    except RequestError as error:
        response = problem(request, error.status, str(error))
    except ReviewError as error:
        response = problem(request, 409, f"{error}. Somebody may have been faster: go back to the queue.")
    except SealedError as error:
        response = problem(request, 503, f"{error}. Ask your operator for the key.")
    except JournalError as error:
        _log.error("journal_out_of_reach", error=str(error))
        response = problem(request, 503, "The journal can't be reached. Nothing was changed; try again soon.")
    except web.HTTPRequestEntityTooLarge:
        response = problem(request, 413, "The form is too large.")
    except web.HTTPException as error:
        response = problem(request, error.status, error.reason)
    except Exception as error:
        _log.error("review_failed", error=type(error).__name__)
        response = problem(request, 500, "The review pages met an internal error.")
    if not response.prepared:
        _finish(request, response)
    return response


def _finish(request: web.Request, response: web.StreamResponse) -> None:
    visit = request.get(_VISIT)
    secure = visit.secure if visit else is_secure(request)
    protect(response, secure=secure)
    given = cookie_name(secure=secure)
    if visit is not None and given not in response.cookies and visit.cookie != request.cookies.get(given):
        set_cookie(response, visit.cookie, secure=secure)
