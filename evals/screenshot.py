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
def browser_page(url: str) -> Iterator[Page]:
    """A page of a headless Chromium, opened on a URL."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT})
        page.goto(url)
        yield page
        browser.close()


def send_message(page: Page, message: str | None = None) -> None:
    """Send a message (or the one that stands there) to both chatbots; wait for both answers."""
    if message is not None:
        page.fill("#message", message)
    page.click("#send")
    page.locator("#status", has_text="Both have answered.").wait_for()


def main() -> None:
    """Take the picture."""
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "demo.png")
    with running_demo() as url, browser_page(url) as page:
        send_message(page)
        page.screenshot(path=str(out), full_page=True)


if __name__ == "__main__":
    main()
