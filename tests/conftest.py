"""What tests share: the shipped model, a decider, and servers that really listen."""

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import structlog
from aiohttp import web

from handrail.classifiers.assessor import Assessor
from handrail.policies.decide import Decider
from handrail.policies.load import load_decider
from handrail.proxy.app import Judgement, build_app
from handrail.proxy.logs import configure
from handrail.proxy.server import Site, start
from handrail.proxy.settings import Settings, load_settings

from .redis_server import RedisServer

Serve = Callable[[web.Application], Awaitable[str]]
Guarded = Callable[..., Awaitable[str]]


@pytest.fixture
def logged(capfd: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """What has been logged since the test began."""
    configure("info")
    return lambda: capfd.readouterr().err


@pytest.fixture(autouse=True)
def _fresh_logs() -> Iterator[None]:
    """No test inherits where another's logs went."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def assessor() -> Assessor:
    """The shipped model, loaded once."""
    return Assessor.load()


@pytest.fixture(scope="session")
def decider(assessor: Assessor) -> Decider:
    """The shipped policy, bound to the shipped model."""
    return load_decider(assessor.manifest.levels)


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    """Everything a test has started; stopped when it ends."""
    async with AsyncExitStack() as entered:
        yield entered


@pytest.fixture
def serve(stack: AsyncExitStack) -> Serve:
    """Start an application on a free port of this machine; give its URL."""

    async def begin(app: web.Application) -> str:
        return await start(Site(app, "127.0.0.1", 0), stack)

    return begin


@pytest.fixture
def settings_for(tmp_path: Path) -> Callable[..., Settings]:
    """Settings for an upstream, with a journal of the test's own."""

    def build(upstream: str, **more: object) -> Settings:
        values = {"journal_path": tmp_path / "journal.db", **more}
        return load_settings(None, {}, upstream_url=upstream, **values)

    return build


@pytest.fixture
def guarded(
    serve: Serve, settings_for: Callable[..., Settings], assessor: Assessor, decider: Decider
) -> Guarded:
    """Start the proxy in front of an upstream; give its URL."""

    async def begin(upstream: str, **more: object) -> str:
        settings = settings_for(upstream, **more)
        return await serve(build_app(settings, Judgement(assessor, decider)))

    return begin


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """A real Redis of the test's own, keeping every write, on a socket in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="hr-") as folder, RedisServer(Path(folder)) as server:
        yield server
