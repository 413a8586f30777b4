"""Sign-in: the cookie, the token that each form carries, and how often a password may be tried."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import replace

from aiohttp import web

from handrail.proxy.rate_limit import RateLimiter
from handrail.proxy.review.account import Account
from handrail.proxy.review.accounts import Accounts, SignIn
from handrail.proxy.review.password import Checker

# Whatever somebody does, they sign in anew after this.
LONGEST = 12 * 3600.0
# Tries a minute: of one name from one address, of one address, and of one name from anywhere.
_TRIES = (5, 20, 30)
# A sign-in's last sight is written no more often than this, in seconds.
_GRAIN = 30.0


class SignIns:
    """Who is signed in by which cookie. What is kept is a hash of the cookie's value."""

    def __init__(
        self, accounts: Accounts, limiter: RateLimiter, idle: float, clock: Callable[[], float] = time.time
    ) -> None:
        """`idle` is the time in seconds after which somebody who asks for nothing is signed out."""
        self._clock = clock
        self._accounts = accounts
        self._limiter = limiter
        self._idle = idle
        self._checker = Checker()

    async def wait(self, name: str, address: str) -> float:
        """Count a try to sign in; the seconds to wait where there were too many, or 0."""
        named = (f"sign-in {name} {address}", f"sign-in at {address}", f"sign-in of {name}")
        waits = [
            await self._limiter.take(_digest(each), most) for each, most in zip(named, _TRIES, strict=True)
        ]
        return max(waits)

    async def check(self, name: str, password: str) -> Account | None:
        """The account whose name and password these are."""
        account = await self._accounts.find(name)
        fits = await self._checker.fits(account.password if account else None, password)
        return account if fits else None

    async def begin(self, account: Account) -> str:
        """Sign somebody in; give the value of their cookie."""
        cookie = new_cookie()
        now = self._clock()
        await self._accounts.keep(_digest(cookie), SignIn(account.name, now, now), self._idle)
        return cookie

    async def who(self, cookie: str, *, looking: bool = True) -> Account | None:
        """Whose cookie this is; `looking` tells that they ask for a page, and so are still there."""
        key = _digest(cookie)
        found = await self._accounts.signed_in(key)
        now = self._clock()
        if found is None or now - found.since > LONGEST or now - found.seen > self._idle:
            return None
        account = await self._accounts.find(found.name)
        if account is None or account.changed > found.since:
            return None
        if looking and now - found.seen > min(_GRAIN, self._idle / 10):
            await self._accounts.keep(key, replace(found, seen=now), self._idle)
        return account

    async def end(self, cookie: str) -> None:
        """Sign out."""
        await self._accounts.forget(_digest(cookie))


def new_cookie() -> str:
    """A fresh value for a cookie, which nobody can guess."""
    return secrets.token_urlsafe(32)


def form_token(cookie: str) -> str:
    """What a form must bring along with its cookie: pages elsewhere know neither."""
    return hmac.new(cookie.encode(), b"handrail form", hashlib.sha256).hexdigest()


def is_token(cookie: str, given: object) -> bool:
    """Whether a form brought the token of its cookie."""
    return isinstance(given, str) and hmac.compare_digest(form_token(cookie).encode(), given.encode())


def cookie_name(*, secure: bool) -> str:
    """The cookie's name; over TLS one that browsers keep to this very host."""
    return "__Host-handrail_review" if secure else "handrail_review"


def set_cookie(response: web.StreamResponse, value: str, *, secure: bool) -> None:
    """Give the browser its cookie, for as long as it is open."""
    response.set_cookie(
        cookie_name(secure=secure), value, path="/", httponly=True, samesite="Lax", secure=secure
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
