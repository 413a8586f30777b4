"""Accounts: where accounts and sign-ins are kept, beside the journal and as durable as it."""

import json
from dataclasses import asdict, dataclass
from typing import Protocol

from handrail.proxy.review.account import Account, Role
from handrail.proxy.settings import Settings


@dataclass(frozen=True, slots=True)
class SignIn:
    """Somebody who is signed in: their account's name, since when, and when they last asked for a page.

    Times are in seconds since 1970. It is kept under a hash of the cookie: who reads the store can't use it.
    """

    name: str
    since: float
    seen: float


class Accounts(Protocol):
    """Accounts by name, sign-ins by the hash of their cookie. Every method raises JournalError."""

    async def open(self) -> None:
        """Make ready."""

    async def close(self) -> None:
        """Let go of the store."""

    async def find(self, name: str) -> Account | None:
        """The account of this name."""

    async def all(self) -> list[Account]:
        """All accounts, by name."""

    async def put(self, account: Account) -> None:
        """Keep an account in place of any of the same name."""

    async def remove(self, name: str) -> bool:
        """Remove an account; give whether there was one."""

    async def signed_in(self, key: str) -> SignIn | None:
        """The sign-in kept under a hash."""

    async def keep(self, key: str, sign_in: SignIn, seconds: float) -> None:
        """Keep a sign-in for so long."""

    async def forget(self, key: str) -> None:
        """End a sign-in."""


def account_text(account: Account) -> str:
    """An account as stores keep it."""
    return json.dumps(asdict(account))


def account_of(text: str) -> Account:
    """An account from its text."""
    values = json.loads(text)
    return Account(**{**values, "role": Role(values["role"])})


def sign_in_text(sign_in: SignIn) -> str:
    """A sign-in as stores keep it."""
    return json.dumps(asdict(sign_in))


def sign_in_of(text: str) -> SignIn:
    """A sign-in from its text."""
    return SignIn(**json.loads(text))


def build_accounts(settings: Settings) -> Accounts:
    """The accounts of the settings, not opened yet: in the journal's file, or in Redis if that keeps it."""
    if settings.redis_url is None:
        from handrail.proxy.review.accounts_sqlite import SqliteAccounts  # noqa: PLC0415  (as below)

        return SqliteAccounts(settings.journal_path)
    from handrail.proxy.review.accounts_redis import RedisAccounts  # noqa: PLC0415  (an extra)

    return RedisAccounts(settings.redis_url.get_secret_value())
