"""The review pages on a real server, records in a real journal, and people who read them over HTTP."""

import os
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import BrowserContext, Page, async_playwright

from handrail.evals.screenshot import chromium
from handrail.proxy.journal.build import build_journal
from handrail.proxy.journal.journal import Journal
from handrail.proxy.review.account import Account, Role
from handrail.proxy.review.accounts import build_accounts
from handrail.proxy.review.app import build_review
from handrail.proxy.review.password import hashed
from handrail.proxy.settings import Settings, load_settings

from ...conftest import Serve

PASSWORD = "four quiet garden walls"
ACCOUNTS = {"rea": Role.REVIEWER, "ron": Role.REVIEWER, "lea": Role.LEAD, "aud": Role.AUDITOR}
_HASH = hashed(PASSWORD)

# On a machine of one's own the browser may be missing; in CI it may not.
needs_browser = pytest.mark.skipif(
    chromium() is None and not os.environ.get("CI"),
    reason="Chromium is not installed (apt-get install chromium)",
)


@dataclass
class Answer:
    """What a page said."""

    status: int
    text: str
    headers: dict[str, str]
    url: str


@dataclass
class Reader:
    """Somebody with a browser that runs no script: it keeps cookies, and sends each form with its token."""

    base: str
    client: aiohttp.ClientSession
    page: str = ""

    async def get(self, path: str, **more: Any) -> Answer:
        """Ask for a page."""
        async with self.client.get(self.base + path, **more) as answer:
            return await self._read(answer)

    async def post(self, path: str, fields: Any = (), **more: Any) -> Answer:
        """Send a form from the page that was read last."""
        token = re.search(r'name="token" value="([0-9a-f]+)"', self.page)
        pairs = [*(fields.items() if isinstance(fields, dict) else fields)]
        pairs.append(("token", token[1] if token else ""))
        async with self.client.post(self.base + path, data=aiohttp.FormData(pairs), **more) as answer:
            return await self._read(answer)

    async def sign_in(self, name: str, password: str = PASSWORD) -> Answer:
        """Sign in by the form."""
        await self.get("/review/login")
        return await self.post("/review/login", {"name": name, "password": password})

    async def _read(self, answer: aiohttp.ClientResponse) -> Answer:
        text = await answer.text()
        if answer.content_type == "text/html":
            self.page = text
        return Answer(answer.status, text, dict(answer.headers), str(answer.url))


@dataclass
class Office:
    """Running review pages with their journal; `reader` signs somebody in."""

    url: str
    settings: Settings
    journal: Journal
    reader: Callable[..., Awaitable[Reader]]


OfficeFor = Callable[..., Awaitable[Office]]


@pytest.fixture
def office_for(tmp_path: Path, serve: Serve, stack: AsyncExitStack) -> OfficeFor:
    """Start the pages with any settings, and one account of each role: rea, lea and aud; ron reviews too."""

    async def begin(**more: object) -> Office:
        values = {"journal_path": tmp_path / "journal.db", "spool_path": tmp_path / "spool.db", **more}
        settings = load_settings(None, {}, upstream_url="http://127.0.0.1", **values)
        journal, accounts = build_journal(settings), build_accounts(settings)
        await journal.open()
        stack.push_async_callback(journal.close)
        await accounts.open()
        for name, role in ACCOUNTS.items():
            await accounts.put(Account(name, role, _HASH, time.time() - 1))
        await accounts.close()
        url = await serve(build_review(settings))

        async def reader(name: str | None = None, **options: Any) -> Reader:
            jar = aiohttp.CookieJar(unsafe=True)
            client = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=jar, **options))
            someone = Reader(url, client)
            if name is not None:
                assert (await someone.sign_in(name)).status == 200
            return someone

        return Office(url, settings, journal, reader)

    return begin


@pytest.fixture
async def office(office_for: OfficeFor) -> AsyncIterator[Office]:
    """The pages as they are without any settings, every exchange read once."""
    yield await office_for(review_second_share=0)


@pytest.fixture
async def windows() -> AsyncIterator[Callable[..., Awaitable[BrowserContext]]]:
    """Open windows of a real browser, each with cookies of its own and any options of its own."""
    async with async_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu"]
        browser = await playwright.chromium.launch(executable_path=chromium(), args=arguments)
        yield browser.new_context
        await browser.close()


async def sign_in_by_keyboard(page: Page, base: str, name: str) -> None:
    """Sign in by typing alone."""
    await page.goto(f"{base}/review")
    await page.locator("#name").focus()
    await page.keyboard.type(name)
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_selector("h1:has-text('Queue')")
