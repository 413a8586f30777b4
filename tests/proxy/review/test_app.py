import pytest

from handrail.proxy.journal.queue import State

from ...redis_server import RedisServer
from ..journal.conftest import record
from .conftest import Office, OfficeFor

DONE = [
    ("harmful", "yes"),
    ("harms", "stigma"),
    ("harms", "crisis_mishandling"),
    ("severity", "high"),
    ("repair_right", "no"),
    ("should_escalate", "yes"),
    ("note", "asked nothing"),
]


@pytest.mark.parametrize("shared", [False, True])
async def test_from_sign_in_to_a_finished_review(
    office_for: OfficeFor, redis_server: RedisServer, shared: bool
) -> None:
    """A reviewer signs in, claims an exchange and answers; the journal has it all, and so has the trail."""
    more = {"redis_url": redis_server.url} if shared else {}
    office = await office_for(review_second_share=0, **more)
    await office.journal.write(record("ex_1.0", severity="high"))
    rea = await office.reader("rea")
    assert "ex_1.0" in (await rea.get("/review")).text
    page = await rea.get("/review/exchanges/ex_1.0")
    assert page.status == 200
    await rea.post("/review/exchanges/ex_1.0/claim")
    assert 'name="harmful"' in rea.page
    sent = await rea.post("/review/exchanges/ex_1.0/done", DONE)
    assert "Your review is kept." in sent.text
    case = await office.journal.case("ex_1.0")
    (review,) = await office.journal.reviews("ex_1.0")
    assert case is not None
    assert case.state == State.DONE
    assert (review.by, review.harms, review.severity) == ("rea", ("stigma", "crisis_mishandling"), "high")
    assert (review.repair_right, review.should_escalate, review.note) == (False, True, "asked nothing")
    acts = [(link.act.who, link.act.did) async for link in office.journal.trail()]
    assert acts == [
        ("rea", did) for did in ("signed in", "saw the queue", "saw", "claimed", "saw", "reviewed")
    ]


async def test_nobody_sees_anything_without_signing_in(office: Office) -> None:
    """Pages lead to the sign-in form, and back to where one wanted to go."""
    await office.journal.write(record("ex_1.0"))
    visitor = await office.reader()
    for path in ("/review", "/review/exchanges/ex_1.0", "/review/trail", "/review/events"):
        answer = await visitor.get(path)
        assert answer.url.startswith(f"{office.url}/review/login?next=")
        assert "ex_1.0" not in answer.text.replace("exchanges%2Fex_1.0", "").replace("exchanges/ex_1.0", "")
    await visitor.get("/review/exchanges/ex_1.0")
    fields = {"name": "rea", "password": "four quiet garden walls", "next": "/review/exchanges/ex_1.0"}
    assert (await visitor.post("/review/login", fields)).url == f"{office.url}/review/exchanges/ex_1.0"


async def test_every_answer_carries_the_strict_headers(office: Office) -> None:
    """Pages, problems and files alike forbid scripts of others, frames and keeping."""
    rea = await office.reader("rea")
    for path in ("/review", "/review/exchanges/none", "/review/nowhere", "/review/static/review.js"):
        headers = (await rea.get(path)).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Cache-Control" in headers


async def test_what_is_not_there_is_said_so(office: Office) -> None:
    """An exchange that is not there, and a page that is not, are answered with 404."""
    rea = await office.reader("rea")
    assert (await rea.get("/review/exchanges/ex_none.0")).status == 404
    assert (await rea.get("/review/nowhere")).status == 404
    assert (await rea.get("/healthz")).status == 200
    assert (await rea.get("/readyz")).status == 200


@pytest.mark.parametrize(
    ("who", "path", "status"),
    [
        ("rea", "/review/agreement", 403),
        ("rea", "/review/trail", 403),
        ("lea", "/review/agreement", 200),
        ("lea", "/review/trail", 200),
        ("aud", "/review/agreement", 200),
        ("aud", "/review/trail", 200),
    ],
)
async def test_roles_open_pages(office: Office, who: str, path: str, status: int) -> None:
    """Agreement and trail are for leads and auditors."""
    assert (await (await office.reader(who)).get(path)).status == status


async def test_auditors_change_nothing(office: Office) -> None:
    """An auditor sees exchanges; claiming, releasing and judging are refused."""
    await office.journal.write(record("ex_1.0"))
    aud = await office.reader("aud")
    assert (await aud.get("/review/exchanges/ex_1.0")).status == 200
    for path in (
        "exchanges/ex_1.0/claim",
        "exchanges/ex_1.0/release",
        "exchanges/ex_1.0/done",
        "bulk",
        "next",
    ):
        assert (await aud.post(f"/review/{path}", DONE)).status == 403
    case = await office.journal.case("ex_1.0")
    assert case is not None
    assert case.state == State.NEW


async def test_without_its_store_nothing_is_shown(office_for: OfficeFor, redis_server: RedisServer) -> None:
    """With Redis gone every page says so, and nobody gets in; when it is back, all goes on."""
    office = await office_for(redis_url=redis_server.url)
    await office.journal.write(record("ex_1.0"))
    rea = await office.reader("rea")
    redis_server.kill()
    for path in ("/review", "/review/exchanges/ex_1.0"):
        answer = await rea.get(path)
        assert answer.status == 503
        assert "try again soon" in answer.text
        assert "hello" not in answer.text
    assert (await rea.get("/readyz")).status == 503
    redis_server.start()
    assert (await rea.get("/review/exchanges/ex_1.0")).status == 200
