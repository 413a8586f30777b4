"""Desk: all that a page works with, and the visit of somebody who asks for one."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from aiohttp import web

from handrail.classifiers.errors import RequestError, ReviewError
from handrail.proxy.forwarding import Forwarding
from handrail.proxy.journal.audit import Act
from handrail.proxy.journal.journal import Journal
from handrail.proxy.journal.queue import Case
from handrail.proxy.review.account import Account, May
from handrail.proxy.review.accounts import Accounts
from handrail.proxy.review.news import News
from handrail.proxy.review.sign_in import SignIns, is_token
from handrail.proxy.settings import Settings

Form = dict[str, list[str]]
Step = Callable[[], Awaitable[Case]]


@dataclass(frozen=True, slots=True)
class Desk:
    """What is at hand: journal, accounts, news, and the names of the rules of the policy in force."""

    settings: Settings
    journal: Journal
    accounts: Accounts
    sign_ins: SignIns
    forwarding: Forwarding
    news: News
    rules: tuple[str, ...] = ()
    # Names and queues already on the trail, with the time: the queue shows no words, and reloads by itself.
    looked: dict[tuple[str, str], float] = field(default_factory=dict)


DESK = web.AppKey("desk", Desk)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request: who asks (None: nobody is signed in), by which cookie, and whether it came over TLS."""

    request: web.Request
    account: Account | None
    cookie: str
    secure: bool

    @property
    def desk(self) -> Desk:
        """All that a page works with."""
        return self.request.app[DESK]

    @property
    def who(self) -> Account:
        """Who asks. Raises RequestError where nobody is signed in."""
        if self.account is None:
            raise RequestError("Sign in first.", status=401)
        return self.account

    def may(self, what: May) -> bool:
        """Whether who asks is signed in, and allowed this."""
        return self.account is not None and self.account.may(what)

    async def note(self, did: str, exchange: str | None = None, detail: str = "") -> None:
        """Put on the trail what who asks sees or does, before they see it. Raises JournalError."""
        await self.desk.journal.audit(Act(self.who.name, did, exchange, detail))

    async def step(self, did: str, exchange: str, take: Step, detail: str = "") -> None:
        """Take a step of a review, on the trail before it is taken. Raises ReviewError if it is refused."""
        await self.note(did, exchange, detail)
        try:
            await take()
        except ReviewError:
            await self.note("was refused", exchange, did)
            raise

    async def form(self) -> Form:
        """What a form brought. Raises RequestError unless it is one of ours, sent from our own page."""
        if self.request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
            raise RequestError("The form was sent from another site.", status=403)
        try:
            sent = await self.request.post()
        except (ValueError, LookupError) as error:
            raise RequestError("The form can't be read.") from error
        form: Form = {}
        for name, value in sent.items():
            if isinstance(value, str):
                form.setdefault(name, []).append(value)
        if not is_token(self.cookie, first(form, "token")):
            raise RequestError("The form is out of date. Reload the page and send it again.", status=403)
        return form


def first(form: Form, name: str) -> str:
    """The first value of a field, or nothing."""
    return form.get(name, [""])[0]


def own_path(target: str) -> str:
    """Where to go on: a path of the review pages, or else the queue. Never another site."""
    parts = urlsplit(target)
    ours = parts.path == "/review" or parts.path.startswith("/review/")
    plain = not parts.scheme and not parts.netloc and "\\" not in target and target.isprintable()
    return target if ours and plain and ".." not in parts.path else "/review"
