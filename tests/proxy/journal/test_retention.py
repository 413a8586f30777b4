import asyncio
from datetime import UTC, datetime, timedelta

from handrail.proxy.journal.journal import Journal
from handrail.proxy.journal.queue import OPEN, Filter, State
from handrail.proxy.journal.retention import Retention, expired
from handrail.proxy.settings import load_settings

from ..conftest import until
from .conftest import NEW_YEAR, record


def test_each_state_has_its_own_time() -> None:
    """Open cases and finished ones expire by their own settings; without one they are kept."""
    assert expired(None, None, NEW_YEAR) == []
    assert expired(90, 30, NEW_YEAR) == [
        Filter(states=OPEN, until=NEW_YEAR - timedelta(days=90)),
        Filter(states=frozenset({State.DONE}), until=NEW_YEAR - timedelta(days=30)),
    ]


async def test_the_task_prunes_and_says_so(journal: Journal) -> None:
    """What is older than the settings say goes by itself, the rest stays, and the trail has it."""
    settings = load_settings(None, {}, upstream_url="http://127.0.0.1:9", retention_open_days=30)
    await journal.write(record("old"))
    await journal.write(record("fresh", at=datetime.now(UTC)))
    stopping = asyncio.Event()
    task = asyncio.create_task(Retention(settings, journal).run(stopping))

    async def pruned() -> bool:
        return (await journal.queue()).total == 1 and [x async for x in journal.trail()] != []

    await until(pruned)
    stopping.set()
    await task
    assert await journal.find("fresh") is not None
    (link,) = [link async for link in journal.trail()]
    assert (link.act.who, link.act.did) == ("system", "pruned")
