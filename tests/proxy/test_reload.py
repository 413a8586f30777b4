import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from handrail.classifiers.assessor import Assessor
from handrail.policies.source import default_policy_path
from handrail.proxy.app import RELOADER, Judgement, build_app, load_judgement
from handrail.proxy.journal.sqlite import SqliteJournal
from handrail.proxy.settings import Settings

from .conftest import DEPTH, HARMFUL_MESSAGE, HARMFUL_REPLY, asking, completion, post

Serve = Callable[[web.Application], Awaitable[str]]
HEAD = "version: 1\nname: mine\nextends: default\n"
LETS_PASS = HEAD + "drop: [crisis.means, crisis.minimised, crisis.unanswered]\n"


class Patient:
    """An upstream that answers with a harmful reply, once it is let to."""

    def __init__(self) -> None:
        self.asked = asyncio.Semaphore(0)
        self.let = asyncio.Event()

    async def answer(self, request: web.Request) -> web.Response:
        """Say that a request came, and wait."""
        self.asked.release()
        await self.let.wait()
        return web.Response(body=completion(HARMFUL_REPLY), content_type="application/json")


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(HEAD)
    return path


@pytest.fixture
def app(settings_for: Callable[..., Settings], assessor: Assessor, policy: Path) -> web.Application:
    """A proxy with a policy of its own, that looks for changes only when it is told to."""
    settings = settings_for("http://127.0.0.1:9", policy_path=policy, reload_seconds=0)
    return build_app(settings, Judgement(assessor, load_judgement(settings).decider))


def _write(path: Path, text: str | None) -> None:
    """Write a file, or remove it."""
    if text is None:
        path.unlink()
    else:
        path.write_text(text)


async def _json(url: str, path: str) -> dict[str, Any]:
    async with aiohttp.ClientSession() as client, client.get(f"{url}{path}") as answer:
        return dict(await answer.json())


async def test_a_policy_edited_while_requests_are_in_flight(
    serve: Serve, settings_for: Callable[..., Settings], assessor: Assessor, policy: Path, tmp_path: Path
) -> None:
    """Requests under way end under the policy they began with; those that begin later get the new one."""
    patient = Patient()
    upstream = web.Application()
    upstream.router.add_post("/{path:.*}", patient.answer)
    settings = settings_for(await serve(upstream), policy_path=policy, reload_seconds=0)
    app = build_app(settings, load_judgement(settings))
    url = await serve(app)
    before = (await _json(url, "/readyz"))["policy"]
    early = [asyncio.create_task(post(url, asking(HARMFUL_MESSAGE))) for _ in range(3)]
    for _ in early:
        await patient.asked.acquire()
    _write(policy, LETS_PASS)
    await app[RELOADER].look()
    assert (await _json(url, "/readyz"))["policy"] != before
    late = asyncio.create_task(post(url, asking(HARMFUL_MESSAGE)))
    await patient.asked.acquire()
    patient.let.set()
    for _, body in await asyncio.gather(*early):
        assert DEPTH not in body.decode()
    assert DEPTH in (await late)[1].decode()
    journal = SqliteJournal(tmp_path / "journal.db")
    await journal.open()
    records = await journal.latest(10)
    await journal.close()
    assert [record.policy for record in records] == [before] * 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + "drop: [nothing]\n", "mine.yaml:4: drop: there is no nothing"),
        (HEAD + "rules:\n  - {id: stigma.said, text: poem}\n", "no texts called poem"),
        ("version: [", "mine.yaml:1: not YAML"),
        (None, "can't be read"),
    ],
)
async def test_a_bad_policy_changes_nothing(
    serve: Serve, app: web.Application, policy: Path, text: str | None, said: str, logged: Callable[[], str]
) -> None:
    """The old policy stays when the new one is bad: logged, counted, and told by /readyz."""
    url = await serve(app)
    before = (await _json(url, "/readyz"))["policy"]
    _write(policy, text)
    await app[RELOADER].look()
    ready = await _json(url, "/readyz")
    assert (ready["status"], ready["policy"]) == ("ready", before)
    assert said in ready["policy_refused"]
    assert "policy_refused" in logged()
    async with aiohttp.ClientSession() as client, client.get(f"{url}/metrics") as answer:
        assert 'handrail_policy_reloads_total{outcome="refused"} 1.0' in await answer.text()
    _write(policy, LETS_PASS)
    await app[RELOADER].look()
    ready = await _json(url, "/readyz")
    assert ready["policy"] != before
    assert "policy_refused" not in ready


async def test_what_is_extended_is_watched_too(serve: Serve, app: web.Application, policy: Path) -> None:
    """A change of a policy that the live one extends is put in force as well; no change changes nothing."""
    url = await serve(app)
    parent = policy.with_name("parent.yaml")
    _write(parent, default_policy_path().read_text())
    _write(policy, HEAD.replace("default", "parent.yaml"))
    await app[RELOADER].look()
    before = (await _json(url, "/readyz"))["policy"]
    await app[RELOADER].look()
    _write(parent, parent.read_text().replace("severity: critical", "severity: high", 1))
    await app[RELOADER].look()
    assert (await _json(url, "/readyz"))["policy"] != before


async def test_a_reload_can_be_asked_for(serve: Serve, app: web.Application, policy: Path) -> None:
    """Asked to, the proxy reads everything again, whatever the files' dates say."""
    url = await serve(app)
    await app[RELOADER].reload()
    async with aiohttp.ClientSession() as client, client.get(f"{url}/metrics") as answer:
        assert 'handrail_policy_reloads_total{outcome="loaded"} 1.0' in await answer.text()
