"""What a page looks like to a browser that is attacked, to a screen reader, and in the dark."""

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe

from handrail.classifiers.exchange import Message
from handrail.proxy.journal.review import Review

from ..journal.conftest import NEW_YEAR, record
from .conftest import Office, needs_browser, sign_in_by_keyboard

ATTACKS = (
    "<script>window.run = 1</script>",
    "<img src=x onerror='window.run = 1'>",
    "</div></details><svg onload=window.run=1>",
    "'\"><iframe srcdoc='<script>parent.run=1</script>'></iframe>",
    "{{ 7 * 7 }}{% include 'login.html' %}",
    "javascript:window.run=1//",
    "<a href=javascript:window.run=1 autofocus onfocus=window.run=1>x</a>",
    "\u202e\u2066<b>turned round\u0000\ud800",
    "]]><!--<style>*{display:none}</style>",
)
EVIL = "\n".join(ATTACKS)
# Columns of a store hold no lone surrogates.
_CLEAN = EVIL.replace("\ud800", "")


def hostile(name: str) -> Any:
    """A record of which every text is an attack."""
    written = record(name, severity="high", escalate=True)
    rule = {"id": _CLEAN, "harm": "stigma", "why": EVIL, "probability": 0.9}
    span = {"label": EVIL, "message": None, "start": 3, "end": 40}
    return record(
        name,
        locale=_CLEAN,
        path=_CLEAN,
        messages=(Message("user", EVIL), Message("assistant", EVIL)),
        reply=EVIL,
        delivered=EVIL,
        drafts=({"reply": EVIL, "outcome": EVIL, "assessment": {"evidence": [span]}},),
        opinion={"verdict": EVIL, "reason": EVIL},
        assessment={"risk": {EVIL: 0.5}, "behaviours": {EVIL: 0.4}, "evidence": [span], "model": EVIL},
        decision={**(written.decision or {}), "rules": [rule]},
    )


@needs_browser
async def test_nothing_that_people_or_models_write_is_ever_run(office: Office, windows: Any) -> None:
    """With attacks in every field, pages show them as text: no script, no element, no request elsewhere."""
    await office.journal.write(hostile("ex_evil.0"))
    await office.journal.claim("ex_evil.0", "lea")
    await office.journal.finish("ex_evil.0", Review("lea", NEW_YEAR, note=EVIL))
    page = await (await windows()).new_page()
    asked: list[str] = []
    trouble: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: trouble.append(dialog.message))
    page.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: trouble.append(str(error)))
    await sign_in_by_keyboard(page, office.url, "lea")
    query = "%3Cscript%3Ewindow.run=1%3C/script%3E%22%3E%3Csvg%20onload=window.run=1%3E"
    for path in (
        "/review?state=all",
        f"/review?rule={query}&locale={query}&assignee={query}&session={query}&done={query}",
        "/review/exchanges/ex_evil.0?show=all",
        f"/review/trail?who={query}&exchange={query}",
        "/review/agreement",
    ):
        await page.goto(office.url + path)
        assert await page.evaluate("window.run") is None
        assert await page.locator("main :is(script, img, svg, iframe, style, b:not(.clocks b))").count() == 0
    await page.goto(f"{office.url}/review/exchanges/ex_evil.0?show=all")
    shown = await page.inner_text("main")
    for attack in ATTACKS[:7]:
        assert attack in shown
    assert all(url.startswith(office.url) for url in asked)
    assert trouble == []


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_passes_axe(office: Office, windows: Any, scheme: str) -> None:
    """axe-core finds nothing wrong (labels, headings, contrast, names, ...), in the light and in the dark."""
    await office.journal.write(record("ex_1.0", severity="critical", escalate=True, session="s_1"))
    await office.journal.write(record("ex_2.0", severity="low", session="s_1"))
    await office.journal.write(record("ex_3.0", severity="high"))
    await office.journal.claim("ex_3.0", "lea")
    await office.journal.finish("ex_3.0", Review("lea", NEW_YEAR, note="a note"))
    page = await (await windows(color_scheme=scheme)).new_page()
    wrong: list[str] = []

    async def look(path: str) -> None:
        await page.goto(office.url + path)
        found = await Axe().run(page)
        wrong.extend(
            f"{path}: {each['id']}: {each['nodes'][0]['html']}" for each in found.response["violations"]
        )

    await look("/review/login")
    await sign_in_by_keyboard(page, office.url, "lea")
    await look("/review?state=all&severity=low&severity=high&severity=critical")
    await look("/review/exchanges/ex_1.0")
    await page.click("text=Claim")
    await look("/review/exchanges/ex_1.0?show=all")
    await look("/review/exchanges/ex_3.0?show=all")
    await look("/review/agreement")
    await look("/review/trail")
    await look("/review/nowhere")
    assert wrong == []
