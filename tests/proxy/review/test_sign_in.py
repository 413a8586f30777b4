import time
from pathlib import Path

from handrail.proxy.rate_limit import RateLimiter
from handrail.proxy.review.account import Account, Role
from handrail.proxy.review.accounts_sqlite import SqliteAccounts
from handrail.proxy.review.password import hashed
from handrail.proxy.review.sign_in import LONGEST, SignIns, form_token, is_token, new_cookie

PASSWORD = "a long enough one"


async def test_a_cookie_names_its_owner_until_it_ends(tmp_path: Path) -> None:
    """A cookie is worth something from sign-in to sign-out, and nothing once the account has changed."""
    accounts = SqliteAccounts(tmp_path / "a.db")
    await accounts.open()
    ada = Account("ada", Role.LEAD, hashed(PASSWORD), time.time() - 1)
    await accounts.put(ada)
    sign_ins = SignIns(accounts, RateLimiter(None), idle=60)
    cookie = await sign_ins.begin(ada)
    assert await sign_ins.who(cookie) == ada
    assert await sign_ins.who(new_cookie()) is None
    await accounts.put(Account("ada", Role.AUDITOR, ada.password, time.time() + 1))
    assert await sign_ins.who(cookie) is None
    await accounts.put(ada)
    assert await sign_ins.who(cookie) == ada
    await sign_ins.end(cookie)
    assert await sign_ins.who(cookie) is None
    assert cookie.encode() not in (tmp_path / "a.db").read_bytes()
    await accounts.close()


async def test_whoever_does_nothing_is_signed_out(tmp_path: Path) -> None:
    """Asking for pages keeps one signed in, though not for ever; what a page does by itself does not."""
    accounts = SqliteAccounts(tmp_path / "a.db")
    await accounts.open()
    ada = Account("ada", Role.LEAD, None, 0.0)
    await accounts.put(ada)
    now = [1_000_000.0]
    sign_ins = SignIns(accounts, RateLimiter(None), 600, lambda: now[0])
    cookie = await sign_ins.begin(ada)
    while now[0] < 1_000_000 + LONGEST:
        assert await sign_ins.who(cookie) == ada
        now[0] += 590
    assert await sign_ins.who(cookie) is None
    cookie = await sign_ins.begin(ada)
    now[0] += 590
    assert await sign_ins.who(cookie, looking=False) == ada
    now[0] += 20
    assert await sign_ins.who(cookie) is None
    await accounts.close()


async def test_only_the_right_password_fits(tmp_path: Path) -> None:
    """A wrong, an empty, an overlong password and one for an account without any are refused."""
    accounts = SqliteAccounts(tmp_path / "a.db")
    await accounts.open()
    await accounts.put(Account("ada", Role.LEAD, hashed(PASSWORD), 0.0))
    await accounts.put(Account("ext", Role.LEAD, None, 0.0))
    sign_ins = SignIns(accounts, RateLimiter(None), idle=60)
    assert (await sign_ins.check("ada", PASSWORD)) is not None
    for name, password in (
        ("ada", "another one, also long"),
        ("ada", ""),
        ("ada", "\ud800"),
        ("ada", PASSWORD + "x" * 500),
        ("ext", ""),
        ("ext", "nobody has this password"),
        ("nobody", PASSWORD),
    ):
        assert await sign_ins.check(name, password) is None, (name, password)
    await accounts.close()


def test_a_token_belongs_to_its_cookie() -> None:
    """A form's token fits the cookie it was made for, and no other."""
    cookie = new_cookie()
    assert is_token(cookie, form_token(cookie))
    assert not is_token(new_cookie(), form_token(cookie))
    for given in ("", None, 3, "é", form_token(cookie)[:-1]):
        assert not is_token(cookie, given)


async def test_tries_are_limited_by_name_and_by_address(tmp_path: Path) -> None:
    """Five a minute for a name from one address, 20 for an address, 30 for a name."""
    now = [0.0]
    sign_ins = SignIns(SqliteAccounts(tmp_path / "a.db"), RateLimiter(None, lambda: now[0]), idle=60)
    assert [await sign_ins.wait("ada", "1") > 0 for _ in range(6)] == [False] * 5 + [True]
    assert [await sign_ins.wait(f"name {n}", "2") > 0 for n in range(21)] == [False] * 20 + [True]
    assert [await sign_ins.wait("bob", f"from {n}") > 0 for n in range(31)] == [False] * 30 + [True]
    now[0] += 60
    assert await sign_ins.wait("ada", "1") == 0
