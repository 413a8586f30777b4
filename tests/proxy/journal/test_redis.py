import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from handrail.classifiers.errors import JournalError, SettingsError
from handrail.proxy.journal.custody import PLAIN_CUSTODY, Custody
from handrail.proxy.journal.redis import RedisJournal, Sharing
from handrail.proxy.journal.spool import Spool
from handrail.proxy.journal.vault import new_key, read_vault

from ...redis_server import RedisServer
from ..conftest import until
from .conftest import SPOOL_BYTES, record

Begin = Callable[..., Awaitable[RedisJournal]]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a path short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="hr-") as made:
        yield Path(made)


@pytest.fixture
async def begin(redis_server: RedisServer, tmp_path: Path) -> AsyncIterator[Begin]:
    """Open a shared journal whose spool is a file of the test's folder."""
    async with AsyncExitStack() as stack:

        async def opened(
            custody: Custody = PLAIN_CUSTODY,
            *,
            spool: str = "spool.db",
            most: int = SPOOL_BYTES,
            replicas: int = 0,
        ) -> RedisJournal:
            sharing = Sharing(redis_server.url, Spool(tmp_path / spool, most), replicas)
            journal = RedisJournal(sharing, custody)
            await journal.open()
            stack.push_async_callback(journal.close)
            return journal

        yield opened


async def test_what_redis_missed_is_forwarded_once(begin: Begin, redis_server: RedisServer) -> None:
    """While Redis is away exchanges wait in the spool; then each arrives once, and the spool is empty."""
    journal = await begin(Custody(alerts=True))
    await journal.write(record("before"))
    redis_server.kill()
    for n in range(5):
        await journal.write(record(f"away {n}", escalate=True))
    health = await journal.health()
    assert (health.reachable, health.spooled) == (False, 5)
    redis_server.start()
    await until(lambda: _settled(journal))
    assert (await journal.queue()).total == 6
    assert len(await journal.take_alerts(10)) == 5


async def test_a_spool_outlives_its_process(begin: Begin, redis_server: RedisServer, tmp_path: Path) -> None:
    """What was spooled and then forwarded, but not yet crossed off, comes once: its id is known."""
    journal = await begin()
    redis_server.kill()
    await journal.write(record("a"))
    await journal.close()
    redis_server.start()
    spool = Spool(tmp_path / "spool.db", SPOOL_BYTES)
    await spool.open()
    (row,) = await spool.first(5)
    again = await begin()
    await until(lambda: _settled(again))
    await again.claim("a", "ada")
    # As after a kill between the arrival and the crossing off.
    await spool.put(row)
    await until(lambda: _settled(again))
    (case,) = (await again.queue()).cases
    assert case.assignee == "ada"
    await spool.close()


async def test_what_was_deleted_does_not_come_back(
    begin: Begin, redis_server: RedisServer, tmp_path: Path
) -> None:
    """Neither a deleted exchange nor one of a forgotten user returns from any machine's spool."""
    journal, elsewhere = await begin(), await begin(spool="elsewhere.db")
    user = journal.pseudonym("someone")
    assert user is not None
    redis_server.kill()
    await elsewhere.write(record("a", user=user))
    await elsewhere.close()
    redis_server.start()
    await until(lambda: _settled(journal))
    await journal.delete_user(user)
    elsewhere = await begin(spool="elsewhere.db")
    await until(lambda: _settled(elsewhere))
    assert (await journal.queue()).total == 0
    await journal.write(record("b", user=user, at=datetime.now(UTC)))
    assert (await journal.queue()).total == 1


async def test_a_full_spool_is_said(begin: Begin, redis_server: RedisServer) -> None:
    """With Redis away and the spool full a record is refused, and health says that nothing can be kept."""
    journal = await begin(most=2**18)
    redis_server.kill()
    with pytest.raises(JournalError, match="full"):
        for n in range(100):
            await journal.write(record(f"{n}", reply="x" * 4000))
    with pytest.raises(JournalError, match="full"):
        await journal.health()
    redis_server.start()
    await until(lambda: _settled(journal))
    assert (await journal.queue()).total > 3


async def test_a_redis_that_is_full_is_away(begin: Begin, redis_server: RedisServer) -> None:
    """A Redis that takes no writes is as good as gone: exchanges wait in the spool until it does."""
    journal = await begin()
    with redis_server.client() as client:
        client.config_set("maxmemory", "1")
        await journal.write(record("a"))
        assert (await journal.health()).spooled == 1
        client.config_set("maxmemory", "0")
    await until(lambda: _settled(journal))
    assert (await journal.queue()).total == 1


async def test_sealed_with_the_key_of_the_day(
    begin: Begin, redis_server: RedisServer, tmp_path: Path
) -> None:
    """What is spooled is sealed, and sealed anew when another key has come meanwhile."""
    old, new = new_key("old"), new_key("new")
    journal = await begin(Custody(read_vault(old, None)))
    redis_server.kill()
    await journal.write(record("a", reply="quarry ledge"))
    await journal.close()
    assert b"quarry" not in _bytes_of(tmp_path / "spool.db")
    redis_server.start()
    both = await begin(Custody(read_vault(f"{new},{old}", None)))
    await until(lambda: _settled(both))
    await both.reseal()
    alone = await begin(Custody(read_vault(new, None)), spool="other.db")
    found = await alone.find("a")
    assert found is not None
    assert found.reply == "quarry ledge"
    with redis_server.client() as client:
        assert "quarry" not in str(client.hgetall("{handrail}:exchange:a"))


async def test_replicas_must_have_it_too(folder: Path, tmp_path: Path) -> None:
    """Where replicas are asked for, an exchange waits in the spool until that many have it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    (folder / "replica").mkdir()
    primary = RedisServer(folder, ["--bind", "127.0.0.1", "--port", port, "--repl-diskless-sync-delay", "0"])
    replica = RedisServer(folder / "replica", ["--replicaof", "127.0.0.1", port])
    with primary:
        journal = RedisJournal(Sharing(primary.url, Spool(tmp_path / "spool.db", SPOOL_BYTES), 1))
        await journal.open()
        await journal.write(record("a"))
        assert (await journal.health()).spooled == 1
        with replica, replica.client() as client:
            await until(lambda: _settled(journal))
            assert client.hget("{handrail}:exchange:a", "reply") == "reply"
        await journal.close()


async def test_a_redis_that_would_lose_exchanges_is_named(
    folder: Path, tmp_path: Path, logged: Callable[[], str]
) -> None:
    """A Redis without an append-only file, or one that evicts, is warned of at the start."""
    options = ["--appendonly", "no", "--maxmemory-policy", "allkeys-lru", "--appendfsync", "everysec"]
    with RedisServer(folder, options) as server:
        journal = RedisJournal(Sharing(server.url, Spool(tmp_path / "spool.db", SPOOL_BYTES)))
        await journal.open()
        await journal.close()
    said = logged()
    assert said.count("redis_not_durable") == 3
    for setting in ("appendonly", "appendfsync", "maxmemory-policy"):
        assert setting in said


async def test_a_start_without_redis(tmp_path: Path, logged: Callable[[], str]) -> None:
    """The proxy starts while Redis is away: exchanges wait, pseudonyms too, and the rest says why not."""
    journal = RedisJournal(Sharing(f"unix://{tmp_path}/none", Spool(tmp_path / "spool.db", SPOOL_BYTES)))
    await journal.open()
    await journal.write(record("a"))
    assert journal.pseudonym("someone") is None
    assert (await journal.health()).spooled == 1
    with pytest.raises(JournalError, match="redis: ConnectionError"):
        await journal.queue()
    await journal.close()
    assert "journal_out_of_reach" in logged()


async def test_a_wrong_url_is_named(tmp_path: Path) -> None:
    """A URL that is none stops the start without being shown."""
    with pytest.raises(SettingsError, match="redis_url") as caught:
        RedisJournal(Sharing("http://user:password@host", Spool(tmp_path / "spool.db", SPOOL_BYTES)))
    assert "password" not in str(caught.value)


def _bytes_of(path: Path) -> bytes:
    return path.read_bytes()


async def _settled(journal: RedisJournal) -> bool:
    try:
        health = await journal.health()
    except JournalError:
        return False
    return health.reachable and not health.spooled
