from datetime import UTC, datetime, timedelta
from typing import Any

from ..journal.conftest import record
from .conftest import Office, needs_browser, sign_in_by_keyboard


@needs_browser
async def test_an_escalation_shows_at_once(office: Office, windows: Any) -> None:
    """A page that is open shows a new escalation without being asked, says so, and keeps what is ticked."""
    await office.journal.write(record("ex_old.0"))
    page = await (await windows()).new_page()
    await sign_in_by_keyboard(page, office.url, "rea")
    await page.wait_for_selector("html[data-listening]")
    await page.check("input[value='ex_old.0']")
    await office.journal.write(record("ex_now.0", severity="critical", escalate=True))
    await page.wait_for_selector("tr[id='case-ex_now.0'] .escalated")
    await page.wait_for_selector("#live:has-text('1 new escalation')")
    assert await page.locator("tbody tr").count() == 2
    assert await page.is_checked("input[value='ex_old.0']")
    await office.journal.claim("ex_now.0", "ron")
    await page.wait_for_selector("tr[id='case-ex_now.0'] >> text=claimed, ron")


@needs_browser
async def test_a_whole_review_by_keyboard_alone(office: Office, windows: Any) -> None:
    """Claiming the most urgent, opening its texts, answering and finishing need the keyboard alone."""
    await office.journal.write(record("ex_1.0", severity="low"))
    await office.journal.write(record("ex_2.0", severity="critical"))
    page = await (await windows()).new_page()
    await sign_in_by_keyboard(page, office.url, "rea")

    async def tab_to(wanted: str) -> None:
        for _ in range(80):
            await page.keyboard.press("Tab")
            if await page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
                return
        raise AssertionError(f"{wanted} can't be reached by Tab")

    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.textContent") == "Skip to the content"
    await tab_to("form[action='/review/next'] button")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("h1:has-text('ex_2.0')")
    assert not await page.is_visible("text=hello")
    await tab_to(".veiled.user summary")
    await page.keyboard.press("Space")
    await page.wait_for_selector("text=hello")
    await tab_to("[name=harmful]")
    await page.keyboard.press("Space")
    await tab_to("[name=harms][value=stigma]")
    await page.keyboard.press("Space")
    await tab_to("[name=severity]")
    await page.keyboard.press("ArrowDown")
    await tab_to("#note")
    await page.keyboard.type("by keyboard")
    await tab_to("#form button")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("text=Your review is kept.")
    (review,) = await office.journal.reviews("ex_2.0")
    assert (review.harms, review.severity, review.note) == (("stigma",), "medium", "by keyboard")


@needs_browser
async def test_everything_works_without_javascript(office: Office, windows: Any) -> None:
    """With scripts off, texts are opened, cases claimed and answers kept all the same."""
    await office.journal.write(record("ex_1.0"))
    page = await (await windows(java_script_enabled=False)).new_page()
    await sign_in_by_keyboard(page, office.url, "rea")
    await page.click("text=Claim the most urgent")
    assert not await page.is_visible("text=hello")
    await page.click("#reveal")
    assert await page.is_visible("text=hello")
    await page.check("[name=harmful][value=no]")
    await page.click("#form button")
    await page.wait_for_selector("text=Your review is kept.")
    (review,) = await office.journal.reviews("ex_1.0")
    assert not review.harmful


async def test_filters_narrow_the_list(office: Office) -> None:
    """Severity, harm, rule, locale, state, reviewer and age choose, alone and together."""
    now = datetime.now(UTC)
    await office.journal.write(record("ex_a.0", severity="high", locale="en-GB", at=now))
    await office.journal.write(
        record("ex_b.0", harm="stigma", rule="stigma.said", at=now - timedelta(days=2))
    )
    await office.journal.write(record("ex_c.0", severity="high", locale="en-US", at=now - timedelta(days=9)))
    await office.journal.claim("ex_c.0", "ron")
    rea = await office.reader("rea")
    for query, wanted in (
        ("", "abc"),
        ("severity=high", "ac"),
        ("severity=high&severity=low", "abc"),
        ("harm=stigma", "b"),
        ("rule=stigma.said", "b"),
        ("locale=en-GB", "a"),
        ("state=claimed", "c"),
        ("state=new", "ab"),
        ("assignee=ron", "c"),
        ("assignee=me", ""),
        ("age=24h", "a"),
        ("age=7d", "ab"),
        ("age=over24h", "bc"),
        ("severity=high&age=over7d", "c"),
        ("severity=none&harm=%00&page=-1&page=x", "abc"),
    ):
        text = (await rea.get(f"/review?{query}")).text
        assert [name for name in "abc" if f"case-ex_{name}.0" in text] == list(wanted), query


async def test_time_limits_are_shown(office: Office) -> None:
    """Each case says how long is left or how long it is overdue, by its severity."""
    now = datetime.now(UTC)
    await office.journal.write(record("ex_1.0", severity="critical", at=now - timedelta(minutes=90)))
    await office.journal.write(record("ex_2.0", severity="high", at=now - timedelta(minutes=90)))
    text = (await (await office.reader("rea")).get("/review")).text
    assert "30 min overdue" in text
    assert "6 h 29 min left" in text or "6 h 30 min left" in text
    assert text.index("case-ex_1.0") < text.index("case-ex_2.0")


async def test_a_long_list_has_pages(office: Office) -> None:
    """Fifty cases stand on a page, and the address leads on with its filters."""
    for at in range(51):
        await office.journal.write(record(f"ex_{at}.0", severity="high"))
    rea = await office.reader("rea")
    first = (await rea.get("/review?severity=high")).text
    assert "page 1 of 2" in first
    assert "severity=high&amp;page=2" in first
    assert (await rea.get("/review?severity=high&page=2")).text.count('id="case-') == 1


async def test_looks_at_the_queue_are_on_the_trail_once(office: Office) -> None:
    """The queue, which reloads by itself, is noted once in five minutes for each filter."""
    rea = await office.reader("rea")
    for path in ("/review", "/review", "/review?severity=high", "/review"):
        await rea.get(path)
    looks = [link.act.detail async for link in office.journal.trail() if link.act.did == "saw the queue"]
    assert looks == ["open", "severity high"]
