"""Routes: which path leads to which page, and what its visitor must be allowed. Add yours here."""

from dataclasses import dataclass

from handrail.proxy.review.account import May
from handrail.proxy.review.bulk import do_to_all
from handrail.proxy.review.events_page import stream_news
from handrail.proxy.review.exchange_page import claim, finish, release, show_exchange
from handrail.proxy.review.gate import Page
from handrail.proxy.review.layout import static
from handrail.proxy.review.oversight import show_agreement, show_trail
from handrail.proxy.review.queue_page import open_next, show_queue
from handrail.proxy.review.sign_in_page import show_sign_in, sign_in, sign_out, stay


@dataclass(frozen=True, slots=True)
class Route:
    """A path and its page; `needs` is None where nobody must be signed in.

    A page with a `title` is in the navigation of all who may see it.
    """

    method: str
    path: str
    page: Page
    needs: May | None
    title: str = ""


_EXCHANGE = "/review/exchanges/{name:[A-Za-z0-9._-]{1,200}}"

ROUTES: tuple[Route, ...] = (
    Route("GET", "/review", show_queue, May.SEE, "Queue"),
    Route("POST", "/review/next", open_next, May.JUDGE),
    Route("POST", "/review/bulk", do_to_all, May.JUDGE),
    Route("GET", _EXCHANGE, show_exchange, May.SEE),
    Route("POST", f"{_EXCHANGE}/claim", claim, May.JUDGE),
    Route("POST", f"{_EXCHANGE}/release", release, May.JUDGE),
    Route("POST", f"{_EXCHANGE}/done", finish, May.JUDGE),
    Route("GET", "/review/agreement", show_agreement, May.OVERSEE, "Agreement"),
    Route("GET", "/review/trail", show_trail, May.OVERSEE, "Trail"),
    Route("GET", "/review/events", stream_news, May.SEE),
    Route("GET", "/review/here", stay, May.SEE),
    Route("GET", "/review/login", show_sign_in, None),
    Route("POST", "/review/login", sign_in, None),
    Route("POST", "/review/logout", sign_out, May.SEE),
    Route("GET", "/review/static/{name:review\\.(?:css|js|svg)}", static, None),
)
