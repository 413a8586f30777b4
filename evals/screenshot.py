"""Screenshot: the demo page, driven in a real browser as a person would, and pictured for the README.

`python -m handrail.evals.screenshot OUT.png` (needs the dev extra and Chromium).
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

_WIDTH, _HEIGHT = 1180, 1180


@contextmanager
def running_demo() -> Iterator[str]:
    """The demo as a process of its own; its page's URL."""
    command = [sys.executable, "-c", "from handrail.proxy.cli import main; main()", "demo", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  (our own)
        try:
            assert process.stdout is not None  # noqa: S101  (we asked for the pipe)
            url = next(m[1] for line in process.stdout if (m := re.match(r"\s+page:\s+(\S+)", line)))
            yield url
        finally:
            process.terminate()


@contextmanager
def browser_page() -> Iterator[Page]:
    """An empty page of a headless Chromium."""
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=chromium(), args=options)
        yield browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT})
        browser.close()


def chromium() -> str | None:
    """Where Chromium is installed."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


def wait_for_answers(page: Page) -> None:
    """Wait until both chatbots have answered."""
    page.locator("#status", has_text="Both have answered.").wait_for()


def main() -> None:
    """Take the picture."""
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "demo.png")
    with running_demo() as url, browser_page() as page:
        page.goto(url)
        page.click("#send")
        wait_for_answers(page)
        page.screenshot(path=str(out), full_page=True)


if __name__ == "__main__":
    main()
