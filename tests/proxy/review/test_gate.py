import pytest

from handrail.proxy.journal.queue import State

from ..journal.conftest import record
from .conftest import PASSWORD, Office, OfficeFor


async def test_a_form_without_its_token_changes_nothing(office: Office) -> None:
    """Forms sent from elsewhere are refused: without a token, with another's, from another site."""
    await office.journal.write(record("ex_1.0"))
    rea, ron = await office.reader("rea"), await office.reader("ron")
    await rea.get("/review/exchanges/ex_1.0")
    stolen, own = ron.page, rea.page
    for page, headers in (("", {}), (stolen, {}), (own, {"Sec-Fetch-Site": "cross-site"})):
        rea.page = page
        answer = await rea.post("/review/exchanges/ex_1.0/claim", headers=headers)
        assert answer.status == 403
    stranger = await office.reader()
    assert (await stranger.post("/review/login", {"name": "rea", "password": PASSWORD})).status == 403
    case = await office.journal.case("ex_1.0")
    assert case is not None
    assert case.state == State.NEW


async def test_the_cookie_is_kept_from_scripts_and_other_sites(office: Office) -> None:
    """The cookie is HttpOnly and SameSite, and changes when somebody signs in."""
    rea = await office.reader()
    before = (await rea.get("/review/login")).headers["Set-Cookie"]
    fields = {"name": "rea", "password": PASSWORD}
    after = (await rea.post("/review/login", fields, allow_redirects=False)).headers["Set-Cookie"]
    for cookie in (before, after):
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Path=/" in cookie
    assert before.split(";")[0] != after.split(";")[0]


async def test_over_tls_the_cookie_is_secure(office_for: OfficeFor) -> None:
    """A trusted proxy's word, or the settings', make the cookie Secure and bound to the host."""
    office = await office_for(trusted_proxies="127.0.0.1")
    visitor = await office.reader()
    plain = await visitor.get("/review/login")
    assert "Secure" not in plain.headers["Set-Cookie"]
    over_tls = await visitor.get("/review/login", headers={"X-Forwarded-Proto": "https"})
    assert over_tls.headers["Set-Cookie"].startswith("__Host-handrail_review=")
    assert "Secure" in over_tls.headers["Set-Cookie"]
    assert "max-age" in over_tls.headers["Strict-Transport-Security"]


async def test_a_stranger_s_word_of_tls_counts_for_nothing(office: Office) -> None:
    """Without trusted proxies nobody can say that a connection is secure."""
    answer = await (await office.reader()).get("/review/login", headers={"X-Forwarded-Proto": "https"})
    assert "Secure" not in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("trusted", "headers", "status"),
    [
        ("127.0.0.1", {"X-Auth-Request-Email": "Rea"}, 200),
        ("127.0.0.1", {"X-Auth-Request-Email": "nobody"}, 403),
        ("127.0.0.1", {"X-Auth-Request-Email": "'; drop"}, 403),
        ("127.0.0.1", {}, 403),
        ("10.0.0.0/8", {"X-Auth-Request-Email": "rea"}, 403),
    ],
)
async def test_a_trusted_proxy_says_who_it_is(
    office_for: OfficeFor, trusted: str, headers: dict[str, str], status: int
) -> None:
    """With a header set, only a trusted address that names an account lets anybody in."""
    office = await office_for(trusted_proxies=trusted, review_user_header="X-Auth-Request-Email")
    visitor = await office.reader()
    assert (await visitor.get("/review", headers=headers)).status == status
    assert (await visitor.get("/review", headers=[*headers.items(), *headers.items()])).status == 403


async def test_with_a_sign_in_service_passwords_are_not_asked_for(
    office_for: OfficeFor,
) -> None:
    """Where a proxy signs people in, nobody gets around it with a password."""
    office = await office_for(trusted_proxies="127.0.0.1", review_user_header="X-User")
    visitor = await office.reader()
    assert 'type="password"' not in (await visitor.get("/review/login")).text
    assert (await visitor.post("/review/login", {"name": "rea", "password": PASSWORD})).status == 403


async def test_tries_to_sign_in_are_counted(office: Office) -> None:
    """Wrong passwords are refused, soon unread; failures are on the trail without what was typed."""
    visitor = await office.reader()
    refused = 0
    while (answer := await visitor.sign_in("rea", "wrong password here")).status == 401:
        refused += 1
    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert refused >= 5
    await visitor.sign_in("four quiet garden walls", "typed into the wrong field")
    acts = [(link.act.who, link.act.did) async for link in office.journal.trail()]
    assert acts == [("rea", "failed to sign in")] * refused + [("unknown", "failed to sign in")]


async def test_signing_in_leads_to_no_other_site(office: Office) -> None:
    """Wherever a link wants one to end, it is a page of ours."""
    targets = ("https://evil.example/", "//evil.example/review", "/review/../x", "/\\evil", "/review\r\nX: y")
    for target in targets:
        visitor = await office.reader()
        await visitor.get("/review/login")
        fields = {"name": "rea", "password": PASSWORD, "next": target}
        answer = await visitor.post("/review/login", fields, allow_redirects=False)
        assert answer.headers["Location"] == "/review"


async def test_signing_out_ends_it(office: Office) -> None:
    """After signing out the same cookie opens nothing."""
    rea = await office.reader("rea")
    await rea.get("/review")
    cookies = {cookie.key: cookie.value for cookie in rea.client.cookie_jar}
    assert (await rea.post("/review/logout")).url.endswith("/review/login")
    answer = await rea.get("/review", cookies=cookies, allow_redirects=False)
    assert answer.status == 303


async def test_a_form_that_is_too_large_is_refused(office: Office) -> None:
    """A form of more than 256 KiB is not read to its end."""
    rea = await office.reader("rea")
    assert (await rea.post("/review/bulk", {"step": "x" * 2**19})).status == 413
