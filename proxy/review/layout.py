"""Layout: pages from templates, and the headers that go with each.

Templates escape whatever they are given; nothing in them is marked safe. Pages have no script or style but
our own files: the content security policy allows nothing else.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from handrail.proxy.review import words
from handrail.proxy.review.account import May
from handrail.proxy.review.desk import DESK, Visit
from handrail.proxy.review.sign_in import form_token

_FOLDER = Path(__file__).parent
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A page that the navigation names, for those who may see it."""

    title: str
    path: str
    needs: May | None


NAVIGATION = web.AppKey("navigation", tuple[Entry, ...])


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        harm=words.harm, plain=words.plain, wait=words.wait, day=words.day, share=words.share
    )
    environment.globals.update(May=May)
    return environment


def render(visit: Visit, template: str, status: int = 200, **values: Any) -> web.Response:
    """A page from a template, which extends layout.html and fills `title` and `content`.

    Every template also gets `account`, `token` (for its forms), `path`, `now` and `external` (whether another
    service signs people in).
    """
    return _page(
        template,
        status,
        account=visit.account,
        navigation=[e for e in visit.request.app[NAVIGATION] if e.needs is None or visit.may(e.needs)],
        token=form_token(visit.cookie),
        path=visit.request.path,
        external=visit.desk.settings.review_user_header is not None,
        **values,
    )


def problem(request: web.Request, status: int, message: str) -> web.Response:
    """A page that says what went wrong; for what is no page, a line of text."""
    external = request.app[DESK].settings.review_user_header is not None
    known: dict[str, Any] = {"account": None, "token": "", "path": request.path, "external": external}
    known["navigation"] = []
    return _page("problem.html", status, message=message, code=status, **known)


def see(target: str, **query: str) -> web.Response:
    """Go on to a page of ours after a form."""
    where = f"{target}{'&' if '?' in target else '?'}{urlencode(query)}" if query else target
    return web.Response(status=303, headers={"Location": where})


def protect(response: web.StreamResponse, *, secure: bool) -> None:
    """The headers of every answer: nothing of another origin, nothing kept, nothing framed."""
    response.headers.update(_HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")
    if secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"


async def static(visit: Visit) -> web.StreamResponse:
    """The style sheet, the script and the icon."""
    path = _FOLDER / "static" / visit.request.match_info["name"]
    text = _text(path)
    headers = {"Cache-Control": "no-cache"}
    return web.Response(text=text, content_type=_TYPES[path.suffix], headers=headers)


@cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _page(template: str, status: int, **values: Any) -> web.Response:
    now = datetime.now().astimezone()
    text = _environment().get_template(template).render(now=now, **values)
    # A lone surrogate, which JSON allows, must not lose the page.
    body = text.encode("utf-8", "backslashreplace")
    return web.Response(body=body, status=status, content_type="text/html", charset="utf-8")
