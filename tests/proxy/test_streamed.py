import asyncio
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from handrail.classifiers.assessor import Assessor
from handrail.policies.decide import Decider
from handrail.policies.policy import Hold, Holding
from handrail.proxy.app import Judgement, build_app
from handrail.proxy.settings import Settings

from ..conftest import Serve
from .conftest import (
    DEPTH,
    HARMFUL_MESSAGE,
    HARMFUL_REPLY,
    HARMLESS_MESSAGE,
    HARMLESS_REPLY,
    OMITTING_MESSAGE,
    OMITTING_REPLY,
    SSE,
    Guarded,
    Script,
    asking,
    chunk,
    completion,
    post,
    streamed,
    talk,
)
from .test_bypass import counted, records
from .test_guard import BrokenAssessor

Held = Callable[..., object]


def holding(decider: Decider, hold: Hold) -> Decider:
    """A decider whose policy holds every stream in one way."""
    policy = decider.policy.model_copy(update={"hold": Holding(default=hold)})
    return dataclasses.replace(decider, policy=policy)


async def test_observed_only_nothing_is_held_or_changed(
    serve: Serve,
    settings_for: Callable[..., Settings],
    assessor: Assessor,
    decider: Decider,
    upstream: str,
    script: Script,
    tmp_path: Path,
) -> None:
    """With `hold: none` even a harmful stream is the upstream's to the byte; what was found is on record."""
    judgement = Judgement(assessor, holding(decider, "none"))
    url = await serve(build_app(settings_for(upstream), judgement))
    script.headers, script.chunks = SSE, streamed(HARMFUL_REPLY)
    assert (await post(url, asking(HARMFUL_MESSAGE, stream=True)))[1] == b"".join(script.chunks)
    assert await counted(url, 1) == {("screened", "would_replace"): 1}
    (record,) = await records(tmp_path)
    assert record.decision is not None
    assert (record.delivered, record.decision["enforced"]) == (HARMFUL_REPLY, False)


class Stalling:
    """An upstream that writes half a sentence and then waits for leave to go on."""

    def __init__(self, before: bytes, after: bytes) -> None:
        self._before, self._after = before, after
        self.go = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Send one part, wait, and send the other."""
        response = web.StreamResponse(headers=SSE)
        await response.prepare(request)
        await response.write(self._before)
        await self.go.wait()
        await response.write(self._after)
        return response


async def _stalled(serve: Serve, before: str, after: str) -> tuple[Stalling, str]:
    ends = [chunk({}, "stop"), b"data: [DONE]\n\n"]
    stalling = Stalling(chunk({"content": before}), b"".join([chunk({"content": after}), *ends]))
    app = web.Application()
    app.router.add_post("/{path:.*}", stalling.answer)
    return stalling, await serve(app)


@pytest.mark.parametrize("overflow", ["judge", "release"])
async def test_a_stall_in_mid_sentence(serve: Serve, guarded: Guarded, overflow: str) -> None:
    """Half a sentence that the upstream leaves hanging is delivered once it has been held for too long."""
    stalling, upstream = await _stalled(serve, "Peppers, beans and", " rice.")
    url = await guarded(upstream, max_held_seconds=0.01, held_overflow=overflow)
    async with (
        aiohttp.ClientSession() as client,
        client.post(f"{url}/v1/chat/completions", json=asking(HARMLESS_MESSAGE, stream=True)) as answer,
    ):
        assert b"Peppers, beans and" in await answer.content.readany()
        stalling.go.set()
        assert b"rice" in await answer.content.read()
    assert await counted(url, 1) == {("screened", "deliver"): 1}


async def test_a_stall_in_mid_harm(serve: Serve, guarded: Guarded) -> None:
    """Held for too long, half a harmful reply is judged as it stands, and replaced."""
    _, upstream = await _stalled(serve, HARMFUL_REPLY.removesuffix("."), "")
    url = await guarded(upstream, max_held_seconds=0.01)
    text = (await talk(url, HARMFUL_MESSAGE))[0]
    assert DEPTH not in text
    assert "automat" in text


async def test_an_overflow_may_replace(serve: Serve, guarded: Guarded) -> None:
    """With `held_overflow: replace` a reply that hangs ends with an honest text, and counts as failed."""
    _, upstream = await _stalled(serve, "Peppers, beans and", " rice.")
    url = await guarded(upstream, max_held_seconds=0.01, held_overflow="replace")
    text = (await talk(url, HARMLESS_MESSAGE))[0]
    assert "Peppers" not in text
    assert await counted(url, 1) == {("failed", "held_overflow"): 1}


async def test_every_outcome_is_counted_once(
    serve: Serve,
    settings_for: Callable[..., Settings],
    assessor: Assessor,
    decider: Decider,
    upstream: str,
    script: Script,
) -> None:
    """Whatever becomes of replies, each is counted once: the counters add up to those asked for."""
    routes = [{"path": "/shadow/*", "mode": "shadow"}, {"path": "/off/*", "mode": "off"}]
    settings = settings_for(upstream, routes=routes)
    url = await serve(build_app(settings, Judgement(assessor, decider)))
    call = {"content": None, "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f"}}]}
    called = json.dumps({"choices": [{"index": 0, "message": call, "finish_reason": "tool_calls"}]}).encode()
    json_kind = {"Content-Type": "application/json"}
    cases: list[tuple[str, list[bytes], dict[str, str], dict[str, object]]] = [
        (HARMLESS_MESSAGE, [completion(HARMLESS_REPLY)], json_kind, {}),
        (HARMLESS_MESSAGE, streamed(HARMLESS_REPLY), SSE, {}),
        (OMITTING_MESSAGE, [completion(OMITTING_REPLY)], json_kind, {}),
        (OMITTING_MESSAGE, streamed(OMITTING_REPLY), SSE, {}),
        (HARMFUL_MESSAGE, [completion(HARMFUL_REPLY)], json_kind, {}),
        (HARMFUL_MESSAGE, streamed(HARMFUL_REPLY), SSE, {}),
        (HARMFUL_MESSAGE, [completion(HARMLESS_REPLY, HARMFUL_REPLY)], json_kind, {"n": 2}),
        (HARMLESS_MESSAGE, [called], json_kind, {}),
        (HARMLESS_MESSAGE, [b"no answer"], json_kind, {}),
        (HARMLESS_MESSAGE, [b"data: {}\n\n"], SSE, {}),
        (HARMLESS_MESSAGE, [], SSE, {"n": 3}),
    ]
    replies = 0
    for prefix in ("", "/shadow", "/off"):
        for status, cut in ((200, False), (200, True), (500, False)):
            script.status, script.cut = status, cut
            for message, script.chunks, script.headers, more in cases:
                body = asking(message, stream=script.headers is SSE, **more)
                try:
                    await post(url, body, path=f"{prefix}/v1/chat/completions")
                except aiohttp.ClientError:
                    assert cut
                # What is off is not read, so nobody knows how many replies were asked for.
                replies += 1 if prefix == "/off" else int(str(more.get("n", 1)))
    assert sum((await counted(url, replies)).values()) == replies


async def test_a_failing_classifier_counts_once(
    serve: Serve, settings_for: Callable[..., Settings], decider: Decider, upstream: str, script: Script
) -> None:
    """Each reply that the model fails on is counted as failed, once, whole or streamed, held or observed."""
    for hold in ("sentence", "reply", "none"):
        judgement = Judgement(BrokenAssessor.load(), holding(decider, hold))
        url = await serve(build_app(settings_for(upstream), judgement))
        script.headers, script.chunks = SSE, streamed(HARMLESS_REPLY)
        await post(url, asking(HARMLESS_MESSAGE, stream=True))
        script.headers, script.chunks = {"Content-Type": "application/json"}, [completion(HARMLESS_REPLY)]
        await post(url, asking(HARMLESS_MESSAGE))
        assert await counted(url, 2) == {("failed", "classifier"): 2}
