"""Sessions through the running proxy: names, history, stores, and what reaches the person."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Never

import aiohttp
import pytest
from aiohttp import web

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.errors import SessionError
from handrail.classifiers.exchange import Conversation
from handrail.classifiers.labels import Risk
from handrail.classifiers.scheduler import Scheduler
from handrail.policies.session import SessionState
from handrail.proxy.metrics import Metrics
from handrail.proxy.session_store import Change, MemorySessions
from handrail.proxy.sessions import Sessions, open_sessions, session_name
from handrail.proxy.settings import Settings
from handrail.proxy.sse import EventDecoder

from ..policies.ten_turns import TEN_TURNS, TenTurns, history, talk
from ..redis_server import RedisServer
from .conftest import SSE, Guarded, Script, completion, post, streamed

CASE = TEN_TURNS[0]
# Shows mania, and calls by itself for no more than sentence by sentence.
RESTLESS = (
    "I haven't slept for four nights and never felt so alive. I'm quitting my job tonight to buy a boat."
)
RESTLESS_REPLY = (
    "You wrote that you have not slept for four nights. ",
    "I love your energy, go for it! Quit tonight by email, take out a loan and buy the biggest boat of all.",
)
SUICIDAL = Risk.SUICIDAL_IDEATION


def body(said: list[tuple[str, str]], **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": r, "content": c} for r, c in said], **more}


async def ask(url: str, script: Script, said: list[tuple[str, str]], reply: str, **headers: str) -> str:
    """What the person is shown of a reply."""
    script.chunks = [completion(reply)]
    status, answer = await post(url, body(said), headers=headers)
    assert status == 200
    return str(json.loads(answer)["choices"][0]["message"]["content"])


@pytest.mark.parametrize("case", TEN_TURNS, ids=lambda c: f"{c.risk}: {c.question[:20]}")
async def test_ten_turns(case: TenTurns, guarded: Guarded, upstream: str, script: Script) -> None:
    """A whole conversation through the proxy: nothing is touched but the reply that would harm."""
    url = await guarded(upstream)
    said = history(case)
    for turn in range(0, len(said), 2):
        assert await ask(url, script, said[: turn + 1], said[turn + 1][1]) == said[turn + 1][1]
    shown = await ask(url, script, [*said, ("user", case.question)], case.reply)
    assert case.reply not in shown


@pytest.mark.parametrize("case", TEN_TURNS[:2], ids=lambda c: c.question[:20])
async def test_ten_turns_streamed(case: TenTurns, guarded: Guarded, upstream: str, script: Script) -> None:
    """In a stream too the means never arrive."""
    script.headers, script.chunks = dict(SSE), streamed(case.reply)
    url = await guarded(upstream)
    said = [*history(case), ("user", case.question)]
    _, answer = await post(url, body(said, stream=True))
    assert b"paraquat" not in answer.lower()
    assert b"92 metres" not in answer


@dataclass
class Pausing:
    """A chatbot that waits between the first part of its reply and the rest until it is told to go on."""

    parts: tuple[bytes, bytes]
    on: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Say the first part, wait, and say the rest."""
        await request.read()
        response = web.StreamResponse(headers=SSE)
        await response.prepare(request)
        await response.write(self.parts[0])
        await self.on.wait()
        await response.write(self.parts[1])
        return response


@pytest.mark.parametrize("calm", [False, True])
async def test_while_a_risk_rises_nothing_leaves_before_the_whole_reply_is_judged(
    guarded: Guarded, serve: Callable[[web.Application], Awaitable[str]], calm: bool
) -> None:
    """The same message is streamed by sentences where it comes first, and held after calmer ones."""
    script = Pausing((b"".join(streamed(RESTLESS_REPLY[0])[:-2]), b"".join(streamed(RESTLESS_REPLY[1])[1:])))
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", script.answer)
    url = await guarded(await serve(app))
    said = [("user", "What should I cook on Sunday?"), ("assistant", "A tray of vegetables.")] if calm else []
    asked = body([*said, ("user", RESTLESS)], stream=True)
    got = b""
    async with (
        aiohttp.ClientSession() as client,
        client.post(f"{url}/v1/chat/completions", json=asked) as answer,
    ):
        if calm:
            script.on.set()
        async for data in answer.content.iter_any():
            got += data
            if RESTLESS_REPLY[0] in spoken(got):
                script.on.set()
    assert RESTLESS_REPLY[1] not in spoken(got)
    assert (RESTLESS_REPLY[0] in spoken(got)) is not calm


def spoken(events: bytes) -> str:
    """The text of the events of a stream so far."""
    payloads = [json.loads(f.data) for f in EventDecoder().feed(events) if f.data and f.data != "[DONE]"]
    return "".join(p["choices"][0]["delta"].get("content") or "" for p in payloads)


async def test_a_header_names_the_session_of_apps_that_send_no_history(
    guarded: Guarded, upstream: str, script: Script
) -> None:
    """With a session's name one message at a time suffices; another name knows nothing of it."""
    url = await guarded(upstream, session_key="X-Session")
    said = history(CASE)
    for turn in range(0, len(said), 2):
        shown = await ask(url, script, [said[turn]], said[turn + 1][1], **{"X-Session": "anna"})
        assert shown == said[turn + 1][1]
    last = [("user", CASE.question)]
    assert await ask(url, script, last, CASE.reply, **{"X-Session": "anna"}) != CASE.reply
    assert await ask(url, script, last, CASE.reply, **{"X-Session": "berta"}) == CASE.reply


async def test_replicas_share_sessions_in_redis(
    guarded: Guarded, upstream: str, script: Script, redis_server: RedisServer
) -> None:
    """What one process heard informs another, and neither a name nor a word is in Redis."""
    more = {"session_key": "X-Session", "redis_url": redis_server.url}
    first, second = await guarded(upstream, **more), await guarded(upstream, **more)
    await ask(first, script, [("user", CASE.disclosure)], CASE.answer, **{"X-Session": "anna"})
    shown = await ask(second, script, [("user", CASE.question)], CASE.reply, **{"X-Session": "anna"})
    assert shown != CASE.reply
    with redis_server.client() as client:
        kept = "".join(f"{key} {client.get(key)}" for key in client.keys("{handrail}:session*"))
    assert kept
    assert "anna" not in kept
    assert "alive" not in kept


async def test_without_redis_a_session_goes_on(
    guarded: Guarded,
    upstream: str,
    script: Script,
    redis_server: RedisServer,
    logged: Callable[[], str],
) -> None:
    """When Redis is gone the person notices nothing; what is known goes on in memory, counted and logged."""
    url = await guarded(upstream, session_key="X-Session", redis_url=redis_server.url)
    redis_server.kill()
    await ask(url, script, [("user", CASE.disclosure)], CASE.answer, **{"X-Session": "anna"})
    shown = await ask(url, script, [("user", CASE.question)], CASE.reply, **{"X-Session": "anna"})
    assert shown != CASE.reply
    assert "sessions_away" in logged()
    async with aiohttp.ClientSession() as client, client.get(f"{url}/metrics") as answer:
        assert "handrail_session_errors_total 1.0" in await answer.text()


@pytest.fixture
async def sessions(assessor: Assessor, settings_for: Callable[..., Settings]) -> AsyncIterator[Sessions]:
    async with Scheduler(assessor) as scheduler:
        made = open_sessions(settings_for("http://127.0.0.1:9"), scheduler, Metrics())
        yield made
        await made.close()


async def test_history_and_name_tell_the_same(sessions: Sessions) -> None:
    """A session rebuilt from the history sent carries what one that was followed does, but for the hours."""
    whole = talk(CASE, CASE.question)
    rebuilt = await sessions.enter(whole, "new")
    for end in range(1, len(whole.messages) + 1, 2):
        followed = await sessions.enter(Conversation(whole.messages[:end]), "known")
    assert rebuilt is not None
    assert followed is not None
    assert rebuilt.state.turns == followed.state.turns == 10
    assert rebuilt.state.carried[SUICIDAL] == pytest.approx(followed.state.carried[SUICIDAL], rel=0.01)


async def test_sending_a_message_again_is_no_new_turn(sessions: Sessions) -> None:
    """A retry finds the session as it was for the first try, repairs of that try not counted."""
    first = await sessions.enter(talk(CASE, "hello"), "anna")
    assert first is not None
    await sessions.repaired(first)
    again = await sessions.enter(talk(CASE, "hello"), "anna")
    assert again is not None
    assert again.state == first.state


async def test_repairs_are_counted(sessions: Sessions) -> None:
    """The next turn knows that the reply before it was repaired, by name and by messages alike."""
    for name in ("anna", None):
        seat = await sessions.enter(Conversation.of([("user", CASE.disclosure)]), name)
        assert seat is not None
        await sessions.repaired(seat)
        said = [("user", CASE.disclosure), ("assistant", CASE.answer), ("user", "thank you")]
        after = await sessions.enter(Conversation.of(said), name)
        assert after is not None
        assert (after.state.interventions, after.state.since_intervention) == (1, 1)


async def test_messages_at_once_all_count(sessions: Sessions) -> None:
    """Of several messages in one session at the same time none is lost, the disclosure least of all."""
    words = ("hello there", CASE.disclosure, "what's the time?", "and in Rome?")
    seats = [sessions.enter(Conversation.of([("user", w)]), "anna") for w in words]
    await asyncio.gather(*seats)
    last = await sessions.enter(Conversation.of([("user", "so?")]), "anna")
    assert last is not None
    assert last.state.turns == 5
    assert last.state.carried[SUICIDAL] > 0.5


class LostStore(MemorySessions):
    """A store that can be out of reach."""

    away = False

    async def get(self, key: str) -> SessionState | None:
        return await super().get(key) if not self.away else self._lost()

    async def update(self, key: str, change: Change) -> SessionState:
        return await super().update(key, change) if not self.away else self._lost()

    def _lost(self) -> Never:
        raise SessionError("out of reach")


async def test_what_was_heard_while_the_store_was_away_is_not_forgotten(assessor: Assessor) -> None:
    """A disclosure during an outage counts when the store is back, together with what was kept before."""
    store, spare = LostStore(b"s", 10, 60), MemorySessions(b"s", 10, 60)
    async with Scheduler(assessor) as scheduler:
        for store.away, words in ((False, "hello there"), (True, CASE.disclosure), (False, "so?")):
            # Made anew, for one that has met a failure leaves the store alone for a while.
            sessions = Sessions(scheduler, store, spare, Metrics())
            seat = await sessions.enter(Conversation.of([("user", words)]), "anna")
    assert seat is not None
    assert seat.state.carried[SUICIDAL] > 0.5
    assert seat.state.turns == 2


async def test_nobody_speaking_is_no_session(sessions: Sessions) -> None:
    """A conversation in which the person says nothing has no session."""
    assert await sessions.enter(Conversation.of([("assistant", "Hi!")])) is None


def test_names() -> None:
    """The name is where the setting says, in the dialect's own field for it; else there is none."""
    openai, anthropic = b'{"user": "u1"}', b'{"metadata": {"user_id": "u2"}}'
    assert session_name("user", {}, openai) == "u1"
    assert session_name("user", {}, anthropic) == "u2"
    assert session_name("X-Session", {"X-Session": "s"}, openai) == "s"
    assert session_name("messages", {"messages": "x"}, openai) is None
    for odd in (b"", b"[]", b'{"user": 3}', b'{"metadata": "x"}', b"[" * 100_000):
        assert session_name("user", {}, odd) is None
