import asyncio
import gzip
import json
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import aiohttp
import brotli
import openai
import pytest
from aiohttp import web

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
    client_of,
    completion,
    post,
    streamed,
    talk,
)

CHAT = "/v1/chat/completions"


@pytest.mark.parametrize("stream", [False, True])
async def test_upstream_down(guarded: Guarded, stream: bool) -> None:
    """With nobody upstream the official client gets its own kind of error, with a code."""
    async with client_of(await guarded("http://127.0.0.1:9")) as client:
        with pytest.raises(openai.InternalServerError) as raised:
            await client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": "hello"}], stream=stream
            )
    assert raised.value.status_code == 502
    assert raised.value.code == "upstream_unreachable"


@pytest.mark.parametrize("garbage", [b"<html>oops</html>", b"{}", b'{"choices": 3}', b"", b'{"choices": []}'])
async def test_upstream_garbage(guarded: Guarded, upstream: str, script: Script, garbage: bytes) -> None:
    """An answer that is no chat completion is an error, never passed on unread."""
    script.chunks = [garbage]
    status, answer = await post(await guarded(upstream), asking("hello"))
    assert (status, json.loads(answer)["error"]["code"]) == (502, "upstream_invalid")


async def test_upstream_garbage_in_a_stream(guarded: Guarded, upstream: str, script: Script) -> None:
    """Garbage amid a stream ends it with an error event that the official client raises."""
    script.headers = SSE
    script.chunks = [chunk({"content": "Hello there. How are you? "}), b"data: {broken\n\n"]
    url = await guarded(upstream)
    with pytest.raises(openai.APIError):
        await talk(url, "hello")
    _, answer = await post(url, asking("hello", stream=True))
    assert b'"code": "upstream_invalid"' in answer
    assert b"[DONE]" not in answer


async def test_an_upstreams_own_error_passes(guarded: Guarded, upstream: str, script: Script) -> None:
    """An error of the model server's is the client's to handle: it passes as it is."""
    script.status, script.chunks = 429, [b'{"error": {"message": "slow down"}}']
    with pytest.raises(openai.RateLimitError):
        await talk(await guarded(upstream), "hello")


async def test_a_stream_that_breaks_off(guarded: Guarded, upstream: str, script: Script) -> None:
    """When the upstream breaks off, held text is dropped and the client is told."""
    script.headers, script.cut = SSE, True
    script.chunks = [chunk({"content": "All is well. "}), chunk({"content": "And the"})]
    script.delay = 0.1
    url = await guarded(upstream)
    _, answer = await post(url, asking("hello", stream=True))
    assert b"upstream_cut" in answer
    assert b"And the" not in answer


async def test_a_silent_upstream_times_out(guarded: Guarded, upstream: str, script: Script) -> None:
    """An upstream that says nothing for too long is answered with a 504."""
    script.headers, script.delay = SSE, 30
    script.chunks = [b": wait\n\n"]
    url = await guarded(upstream, idle_timeout=0.3)
    _, answer = await post(url, asking("hello", stream=True))
    assert b"upstream_timeout" in answer


async def test_a_stream_without_terminal_events(guarded: Guarded, upstream: str, script: Script) -> None:
    """A stream that ends without a finish reason or [DONE] is judged and delivered all the same."""
    script.headers = SSE
    script.chunks = streamed(OMITTING_REPLY)[:-2]
    text = (await talk(await guarded(upstream), OMITTING_MESSAGE))[0]
    assert text.startswith(OMITTING_REPLY)
    assert len(text) > len(OMITTING_REPLY)


@pytest.mark.parametrize("events", [[], [b": nothing\n\n"], [b"data: [DONE]\n\n"], [b"hello\n\n"]])
async def test_a_stream_that_says_nothing(
    guarded: Guarded, upstream: str, script: Script, events: list[bytes]
) -> None:
    """A stream without a single choice is no answer, and is not passed off as one."""
    script.headers, script.chunks = SSE, events
    status, answer = await post(await guarded(upstream), asking("hello", stream=True))
    assert status == 502 or b"upstream_invalid" in answer


async def test_an_unterminated_stream_passes_once(guarded: Guarded, upstream: str, script: Script) -> None:
    """A harmless stream that just ends is passed byte for byte, nothing twice."""
    script.headers = SSE
    script.chunks = [chunk({"content": "Peppers are lovely. "}), chunk({"content": "So are beans"})]
    _, answer = await post(await guarded(upstream), asking(HARMLESS_MESSAGE, stream=True))
    assert answer == b"".join(script.chunks)


@pytest.mark.parametrize("coding", ["x-gzip", "gzip, gzip", "secret"])
async def test_a_coding_we_cannot_undo(guarded: Guarded, upstream: str, script: Script, coding: str) -> None:
    """A body that can't be unpacked can't be read, and does not pass."""
    script.headers = {**SSE, "Content-Encoding": coding}
    script.chunks = [b"\x1f\x8b packed"]
    status, answer = await post(await guarded(upstream), asking("hello", stream=True))
    assert (status, json.loads(answer)["error"]["code"]) == (502, "upstream_invalid")


@pytest.mark.parametrize("name", ["gzip", "deflate", "br"])
async def test_packed_answers_are_read(guarded: Guarded, upstream: str, script: Script, name: str) -> None:
    """An upstream that packs its answer though asked not to is unpacked and judged."""
    packers = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress}
    script.headers = {"Content-Type": "application/json", "Content-Encoding": name}
    script.chunks = [packers[name](completion(HARMLESS_REPLY))]
    _, answer = await post(await guarded(upstream), asking(HARMLESS_MESSAGE))
    assert answer == completion(HARMLESS_REPLY)


@pytest.mark.parametrize("index", ["1e999", "99999999999999999999", "true", '"0"', "-1"])
async def test_an_index_that_makes_no_sense(
    guarded: Guarded, upstream: str, script: Script, index: str
) -> None:
    """A choice's index that is no small whole number is a garbled answer, not a crash."""
    script.chunks = [completion("hi").replace(b'"index": 0', f'"index": {index}'.encode())]
    status, answer = await post(await guarded(upstream), asking("hello"))
    assert (status, json.loads(answer)["error"]["code"]) == (502, "upstream_invalid")


async def test_half_an_emoji_does_not_break_a_repair(guarded: Guarded, upstream: str, script: Script) -> None:
    """A lone surrogate, as servers send that cut an emoji in two, can be repaired around."""
    script.chunks = [completion("So sorry \ud83d", HARMFUL_REPLY)]
    status, answer = await post(await guarded(upstream), asking(HARMFUL_MESSAGE, n=2))
    assert status == 200
    assert DEPTH.encode() not in answer
    json.loads(answer)


@dataclass
class Steps:
    """An upstream that does one thing after another, and the last of them for ever."""

    steps: list[int | str]
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer with a status, or do as the word says."""
        self.asked.append((request.path, await request.read(), dict(request.headers)))
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if step == "drop":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if step == "hang":
            await asyncio.sleep(60)
        status = step if isinstance(step, int) else 200
        body = completion(HARMLESS_REPLY) if status == 200 else b'{"error": {"message": "busy"}}'
        headers = {"Content-Type": "application/json", **(self.headers if status != 200 else {})}
        return web.Response(status=status, body=body, headers=headers)


@pytest.fixture
def stepping(serve: Callable[[web.Application], Awaitable[str]]) -> Callable[[Steps], Awaitable[str]]:
    async def begin(steps: Steps) -> str:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", steps.answer)
        return await serve(app)

    return begin


Stepping = Callable[[Steps], Awaitable[str]]
QUICK = {"retry_seconds": 0.001}


@pytest.mark.parametrize("failure", [502, 503, 504, "drop"])
async def test_a_chat_is_asked_again_before_its_first_byte(
    guarded: Guarded, stepping: Stepping, failure: int | str
) -> None:
    """A chat whose upstream fails before a byte of an answer is asked again, with the same body."""
    steps = Steps([failure, failure, 200])
    url = await guarded(await stepping(steps), **QUICK)
    status, answer = await post(url, asking(HARMLESS_MESSAGE))
    assert (status, answer) == (200, completion(HARMLESS_REPLY))
    assert [body for _, body, _ in steps.asked] == [json.dumps(asking(HARMLESS_MESSAGE)).encode()] * 3
    assert 'handrail_upstream_retries_total{upstream="default"} 2.0' in await _metrics(url)


async def test_the_last_answer_is_passed_on(guarded: Guarded, stepping: Stepping) -> None:
    """When every try was refused, the client gets the upstream's own last answer."""
    steps = Steps([503], {"Retry-After": "0"})
    status, answer = await post(await guarded(await stepping(steps), **QUICK), asking("hello"))
    assert (status, answer) == (503, b'{"error": {"message": "busy"}}')
    assert len(steps.asked) == 3


@pytest.mark.parametrize("status", [400, 401, 429, 500])
async def test_other_answers_are_final(guarded: Guarded, stepping: Stepping, status: int) -> None:
    """Answers that another try would not mend are passed on at once."""
    steps = Steps([status])
    assert (await post(await guarded(await stepping(steps), **QUICK), asking("hello")))[0] == status
    assert len(steps.asked) == 1


async def test_too_long_a_wish_is_passed_on(guarded: Guarded, stepping: Stepping) -> None:
    """A Retry-After longer than is waited for goes to the client with the answer."""
    steps = Steps([503], {"Retry-After": "600"})
    url = await guarded(await stepping(steps), **QUICK)
    async with aiohttp.ClientSession() as client, client.post(f"{url}{CHAT}", json=asking("hi")) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (503, "600")
    assert len(steps.asked) == 1


async def test_what_may_have_acted_is_not_repeated(guarded: Guarded, stepping: Stepping) -> None:
    """A relayed POST that may have been carried out is never sent twice; a GET is."""
    steps = Steps(["drop"])
    url = await guarded(await stepping(steps), **QUICK)
    assert (await post(url, b"x", path="/v1/files"))[0] == 502
    assert len(steps.asked) == 1
    async with aiohttp.ClientSession() as client, client.get(f"{url}/v1/models") as answer:
        assert answer.status == 502
    assert len(steps.asked) > 2


async def test_nothing_is_repeated_after_the_first_byte(
    guarded: Guarded, upstream: str, script: Script
) -> None:
    """An answer that breaks off after its first byte is not asked for again."""
    script.headers, script.cut, script.chunks = SSE, True, [chunk({"content": "All is well. "})]
    _, answer = await post(await guarded(upstream, **QUICK), asking("hello", stream=True))
    assert b"upstream_cut" in answer
    assert len(script.asked) == 1


async def test_an_answer_that_never_begins(guarded: Guarded, stepping: Stepping) -> None:
    """An upstream that takes a request and says nothing runs into the time for a first byte, once."""
    steps = Steps(["hang"])
    url = await guarded(await stepping(steps), first_byte_timeout=0.2, **QUICK)
    status, answer = await post(url, asking("hello"))
    assert (status, json.loads(answer)["error"]["code"]) == (504, "upstream_timeout")
    assert len(steps.asked) == 1


async def test_an_answer_without_end(guarded: Guarded, upstream: str, script: Script) -> None:
    """An upstream that keeps talking is ended by the total time, with an error event."""
    script.headers, script.delay = SSE, 0.05
    script.chunks = [b": still here\n\n"] * 200
    _, answer = await post(
        await guarded(upstream, total_timeout=0.5, idle_timeout=10), asking("hi", stream=True)
    )
    assert b"upstream_timeout" in answer


@pytest.mark.parametrize(
    ("path", "where"),
    [(CHAT, ("error", "code")), ("/v1/messages", ("error", "type")), ("/api/chat", ("error",))],
)
async def test_an_open_circuit_answers_at_once(
    guarded: Guarded, stepping: Stepping, path: str, where: tuple[str, ...]
) -> None:
    """An upstream that keeps failing is left alone: 503 with Retry-After, in the dialect's own shape."""
    steps = Steps([503])
    url = await guarded(await stepping(steps), retries=0, breaker_failures=2, **QUICK)
    body = {**asking("hello"), "max_tokens": 9}
    for _ in range(2):
        await post(url, body, path=path)
    async with aiohttp.ClientSession() as client, client.post(f"{url}{path}", json=body) as answer:
        assert answer.status == 503
        assert 1 <= int(answer.headers["Retry-After"]) <= 10
        found = await answer.json()
    for name in where:
        found = found[name]
    assert found in {"upstream_resting", "api_error"} or "model server does not answer" in found
    assert len(steps.asked) == 2
    assert 'handrail_upstream_circuit{upstream="default"} 2.0' in await _metrics(url)


async def test_a_circuit_closes_again(guarded: Guarded, stepping: Stepping) -> None:
    """After its rest an upstream is tried again, and if it answers all is as before."""
    steps = Steps([503, 200])
    url = await guarded(
        await stepping(steps), retries=0, breaker_failures=1, breaker_seconds=0.05, retry_seconds=0.001
    )
    assert (await post(url, asking(HARMLESS_MESSAGE)))[0] == 503
    for _ in range(500):
        if (await post(url, asking(HARMLESS_MESSAGE)))[0] == 200:
            break
        await asyncio.sleep(0.02)
    assert 'handrail_upstream_circuit{upstream="default"} 0.0' in await _metrics(url)


async def test_each_upstream_gets_its_own(guarded: Guarded, stepping: Stepping) -> None:
    """Chats go by path or model to the upstream that takes them, each with its own key in its own header."""
    first, second, third = Steps([200]), Steps([200]), Steps([200])
    entries = [
        {"name": "a", "url": await stepping(second), "key": "ka", "key_header": "x-api-key", "paths": ["/a"]},
        {"name": "b", "url": await stepping(third), "key": "kb", "models": ["gpt-*"]},
    ]
    url = await guarded(await stepping(first), upstreams=entries, upstream_key="kd")
    theirs = {"Authorization": "Bearer theirs"}
    await post(url, asking(HARMLESS_MESSAGE), headers=theirs)
    await post(url, asking(HARMLESS_MESSAGE), path=f"/a{CHAT}", headers=theirs)
    await post(url, {**asking(HARMLESS_MESSAGE), "model": "gpt-9"}, headers=theirs)
    assert [(path, got.get("Authorization")) for path, _, got in first.asked] == [(CHAT, "Bearer kd")]
    assert [(p, g.get("Authorization"), g.get("x-api-key")) for p, _, g in second.asked] == [
        (f"/a{CHAT}", None, "ka")
    ]
    assert [(path, got.get("Authorization")) for path, _, got in third.asked] == [(CHAT, "Bearer kb")]


async def _metrics(url: str) -> str:
    async with aiohttp.ClientSession() as client, client.get(f"{url}/metrics") as answer:
        return await answer.text()
