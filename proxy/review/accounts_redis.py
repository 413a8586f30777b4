"""RedisAccounts: accounts and sign-ins in the Redis that keeps the journal. Needs the redis extra."""

from typing import Any

from redis.asyncio import Redis

from handrail.classifiers.errors import JournalError
from handrail.proxy.redis_link import connect, name, translated
from handrail.proxy.review.account import Account
from handrail.proxy.review.accounts import (
    Accounts,
    SignIn,
    account_of,
    account_text,
    sign_in_of,
    sign_in_text,
)

_ACCOUNTS = name("accounts")


class RedisAccounts(Accounts):
    """Shared accounts. See Accounts for the methods."""

    def __init__(self, url: str) -> None:
        self._redis: Redis = connect(url)

    async def open(self) -> None:
        """Nothing to do: connections are made when they are needed."""

    async def close(self) -> None:
        await self._redis.aclose()

    async def find(self, name: str) -> Account | None:
        with translated(JournalError):
            text: Any = await self._redis.hget(_ACCOUNTS, name)
        return None if text is None else account_of(text)

    async def all(self) -> list[Account]:
        with translated(JournalError):
            kept: Any = await self._redis.hgetall(_ACCOUNTS)
        return [account_of(kept[each]) for each in sorted(kept)]

    async def put(self, account: Account) -> None:
        with translated(JournalError):
            await self._redis.hset(_ACCOUNTS, account.name, account_text(account))

    async def remove(self, name: str) -> bool:
        with translated(JournalError):
            return bool(await self._redis.hdel(_ACCOUNTS, name))

    async def signed_in(self, key: str) -> SignIn | None:
        with translated(JournalError):
            text: Any = await self._redis.get(_sign_in(key))
        return None if text is None else sign_in_of(text)

    async def keep(self, key: str, sign_in: SignIn, seconds: float) -> None:
        with translated(JournalError):
            await self._redis.set(_sign_in(key), sign_in_text(sign_in), px=max(1, int(seconds * 1000)))

    async def forget(self, key: str) -> None:
        with translated(JournalError):
            await self._redis.delete(_sign_in(key))


def _sign_in(key: str) -> str:
    return name("sign_in", key)
