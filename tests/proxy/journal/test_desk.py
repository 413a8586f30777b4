from datetime import timedelta

import pytest

from handrail.classifiers.errors import ReviewError
from handrail.proxy.journal.audit import first_broken
from handrail.proxy.journal.desk import Desk, described
from handrail.proxy.journal.journal import Journal
from handrail.proxy.journal.queue import ANY, Filter, State
from handrail.proxy.journal.review import Review

from .conftest import NEW_YEAR, record


async def test_whatever_somebody_does_is_on_the_trail(journal: Journal) -> None:
    """Seeing, claiming, reviewing, exporting and deleting each leave a link, also where they are refused."""
    desk, other = Desk(journal, "ada"), Desk(journal, "bob")
    await journal.write(record("a", user="u_1"))
    entry = await desk.see("a")
    assert entry is not None
    assert entry.record == record("a", user="u_1")
    assert await desk.see("nowhere") is None
    await desk.claim("a")
    with pytest.raises(ReviewError):
        await other.claim("a")
    await other.release("a", forced=True)
    await other.claim("a")
    await other.finish("a", Review("bob", NEW_YEAR + timedelta(hours=1)), again=True)
    assert [e.case.state async for e in desk.export(ANY)] == [State.SECOND]
    await desk.reseal()
    assert await desk.delete_user("u_1") == 1
    links = [link async for link in journal.trail()]
    assert first_broken(links) is None
    assert [(link.act.who, link.act.did, link.act.exchange) for link in links] == [
        ("ada", "saw", "a"),
        ("ada", "saw", "nowhere"),
        ("ada", "claimed", "a"),
        ("bob", "claimed", "a"),
        ("bob", "released", "a"),
        ("bob", "claimed", "a"),
        ("bob", "reviewed", "a"),
        ("ada", "exported", None),
        ("ada", "rotated the key", None),
        ("ada", "deleted a user", None),
    ]


def test_a_filter_in_words() -> None:
    """The trail says which exchanges were exported."""
    chosen = Filter(frozenset({State.DONE, State.NEW}), since=NEW_YEAR)
    assert described(chosen) == "state done, new; since 2026-01-01T00:00:00+00:00"
    assert described(ANY) == "all"
