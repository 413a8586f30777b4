import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from handrail.proxy.review.account import Account, Role
from handrail.proxy.review.accounts import Accounts, SignIn, build_accounts
from handrail.proxy.settings import load_settings


@pytest.fixture(params=["sqlite", "redis"])
async def accounts(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Accounts]:
    """Accounts in each store, the real thing."""
    shared = request.param == "redis"
    more = {"redis_url": request.getfixturevalue("redis_server").url} if shared else {}
    settings = load_settings(None, {}, upstream_url="http://u", journal_path=tmp_path / "j.db", **more)
    opened = build_accounts(settings)
    await opened.open()
    yield opened
    await opened.close()


async def test_accounts_are_kept_changed_and_removed(accounts: Accounts) -> None:
    """An account is found as it was put, by name, until it is removed."""
    ada = Account("ada", Role.LEAD, "hash", 1.5)
    await accounts.put(Account("zoe", Role.AUDITOR, None, 2.0))
    await accounts.put(Account("ada", Role.REVIEWER, "old", 1.0))
    await accounts.put(ada)
    assert await accounts.find("ada") == ada
    assert await accounts.find("nobody") is None
    assert [account.name for account in await accounts.all()] == ["ada", "zoe"]
    assert await accounts.remove("ada")
    assert not await accounts.remove("ada")
    assert await accounts.find("ada") is None


async def test_sign_ins_are_kept_until_they_end(accounts: Accounts) -> None:
    """A sign-in is found by its key until it is forgotten; one kept for no time is gone."""
    now = time.time()
    await accounts.keep("key", SignIn("ada", now, now), 60)
    await accounts.keep("brief", SignIn("ada", now, now), 0.0)
    assert await accounts.signed_in("key") == SignIn("ada", now, now)
    await accounts.forget("key")
    assert await accounts.signed_in("key") is None
    assert await accounts.signed_in("other") is None
