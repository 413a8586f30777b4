from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

from handrail.proxy.journal.days import total
from handrail.proxy.journal.sqlite import SqliteJournal

from .conftest import (
    HARMFUL_MESSAGE,
    HARMFUL_REPLY,
    HARMLESS_MESSAGE,
    HARMLESS_REPLY,
    Script,
    asking,
    completion,
    post,
)

Guarded = Callable[..., Awaitable[str]]


async def _counts(path: Path) -> dict[str, int]:
    journal = SqliteJournal(path)
    await journal.open()
    days = await journal.days()
    await journal.close()
    return dict(total(days))


async def test_all_replies_are_counted_for_good(
    guarded: Guarded, upstream: str, script: Script, stack: AsyncExitStack, tmp_path: Path
) -> None:
    """After a shutdown the journal has every reply counted, flagged or not, and what was done about it."""
    url = await guarded(upstream, locale="en-GB")
    for message, reply in ((HARMLESS_MESSAGE, HARMLESS_REPLY),) * 2 + ((HARMFUL_MESSAGE, HARMFUL_REPLY),):
        script.chunks = [completion(reply)]
        await post(url, asking(message))
    await stack.aclose()
    counts = await _counts(tmp_path / "journal.db")
    assert counts["replies.screened.deliver"] == 2
    assert counts["replies.screened.replace"] == 1
    assert (counts["flagged"], counts["done.replace"], counts["referred.crisis_mishandling"]) == (1, 1, 1)


async def test_watching_refers_nobody(
    guarded: Guarded, upstream: str, script: Script, stack: AsyncExitStack, tmp_path: Path
) -> None:
    """In shadow mode the text that names where to turn was not sent, and is not counted as a referral."""
    url = await guarded(upstream, mode="shadow")
    script.chunks = [completion(HARMFUL_REPLY)]
    await post(url, asking(HARMFUL_MESSAGE))
    await stack.aclose()
    counts = await _counts(tmp_path / "journal.db")
    assert counts["watched.replace"] == 1
    assert "referred" not in counts
