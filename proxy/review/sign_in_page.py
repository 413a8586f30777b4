"""Sign-in page: in by name and password, out by a button."""

from aiohttp import web

from handrail.classifiers.errors import RequestError, SettingsError
from handrail.proxy.journal.audit import Act
from handrail.proxy.rate_limit import whole
from handrail.proxy.review.account import account_name
from handrail.proxy.review.desk import Visit, first, own_path
from handrail.proxy.review.layout import render, see
from handrail.proxy.review.sign_in import cookie_name, set_cookie


async def show_sign_in(visit: Visit) -> web.StreamResponse:
    """The form; who is signed in already goes on."""
    target = own_path(visit.request.query.get("next", "/review"))
    if visit.account is not None:
        return see(target)
    return _form(visit, target)


async def sign_in(visit: Visit) -> web.StreamResponse:
    """Check name and password; whether the name exists is not told."""
    if visit.desk.settings.review_user_header is not None:
        raise RequestError("Sign in at your own sign-in service.", status=403)
    form = await visit.form()
    typed, target = first(form, "name"), own_path(first(form, "next"))
    name = _plain(typed)
    seconds = await visit.desk.sign_ins.wait(name, visit.desk.forwarding.client_of(visit.request))
    if seconds:
        response = _form(visit, target, f"Too many tries. Try again in {whole(seconds)} seconds.", typed, 429)
        response.headers["Retry-After"] = str(whole(seconds))
        return response
    account = await visit.desk.sign_ins.check(name, first(form, "password"))
    if account is None:
        # What was typed as a name may be a password: only a name that exists is noted.
        known = await visit.desk.accounts.find(name)
        await visit.desk.journal.audit(Act(known.name if known else "unknown", "failed to sign in"))
        return _form(visit, target, "Name and password do not fit.", typed, 401)
    await visit.desk.journal.audit(Act(account.name, "signed in"))
    await visit.desk.sign_ins.end(visit.cookie)
    response = see(target)
    set_cookie(response, await visit.desk.sign_ins.begin(account), secure=visit.secure)
    return response


async def stay(visit: Visit) -> web.StreamResponse:
    """Somebody is typing: that keeps them signed in as a page would."""
    return web.Response(status=204)


async def sign_out(visit: Visit) -> web.StreamResponse:
    """End the sign-in and take the cookie back."""
    await visit.form()
    await visit.note("signed out")
    await visit.desk.sign_ins.end(visit.cookie)
    response = see("/review/login")
    response.del_cookie(cookie_name(secure=visit.secure), path="/", secure=visit.secure, httponly=True)
    return response


def _form(visit: Visit, target: str, wrong: str = "", typed: str = "", status: int = 200) -> web.Response:
    return render(visit, "login.html", status=status, target=target, wrong=wrong, typed=typed[:64])


def _plain(typed: str) -> str:
    try:
        return account_name(typed)
    except SettingsError:
        return ""
