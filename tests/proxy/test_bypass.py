import asyncio
import gzip
import json
import re
import threading
from collections.abc import Callable
from pathlib import Path

import aiohttp
import brotli
import pytest
from backports import zstd

from handrail.classifiers.assessor import Assessor
from handrail.policies.decide import Decider
from handrail.proxy.app import Judgement, build_app
from handrail.proxy.journal.record import Record
from handrail.proxy.journal.sqlite import SqliteJournal
from handrail.proxy.settings import Settings

from ..conftest import Serve
from .conftest import (
    HARMFUL_MESSAGE,
    HARMFUL_REPLY,
    HARMLESS_MESSAGE,
    HARMLESS_REPLY,
    SSE,
    Guarded,
    Script,
    asking,
    completion,
    post,
    streamed,
    talk,
)
from .test_guard import BrokenAssessor

PACKERS = {"gzip": gzip.compress, "br": brotli.compress, "zstd": zstd.compress}


async def counts(url: str) -> dict[tuple[str, str], int]:
    """Replies counted so far, by outcome and detail."""
    async with aiohttp.ClientSession() as client, client.get(f"{url}/metrics") as got:
        text = await got.text()
    found = re.findall(r'replies_total{detail="(.+?)",outcome="(.+?)"} (\d+)', text)
    return {(outcome, detail): int(count) for detail, outcome, count in found}


async def counted(url: str, replies: int) -> dict[tuple[str, str], int]:
    """The counts once so many replies are in them."""
    async with asyncio.timeout(30):
        while sum((found := await counts(url)).values()) < replies:  # noqa: ASYNC110  (over the wire there is no event)
            await asyncio.sleep(0.02)
    return found


async def records(tmp_path: Path) -> list[Record]:
    journal = SqliteJournal(tmp_path / "journal.db")
    await journal.open()
    try:
        return await journal.latest(10)
    finally:
        await journal.close()


async def raw(url: str, body: object, accept: str = "gzip, br, zstd") -> tuple[dict[str, str], bytes]:
    """Post a chat; give headers and body as they came over the wire."""
    headers = {"Accept-Encoding": accept, "X-Mine": "é"}
    async with (
        aiohttp.ClientSession(auto_decompress=False) as client,
        client.post(f"{url}/v1/chat/completions", json=body, headers=headers) as answer,
    ):
        return dict(answer.headers), await answer.read()


def _pieces(body: bytes, size: int) -> list[bytes]:
    return [body[at : at + size] for at in range(0, len(body), size)]


@pytest.mark.parametrize("coding", ["", "gzip", "br", "zstd"])
@pytest.mark.parametrize("size", [7, 100_000])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("mode", ["shadow", "off"])
async def test_not_a_byte_is_changed(
    guarded: Guarded, upstream: str, script: Script, mode: str, stream: bool, size: int, coding: str
) -> None:
    """In shadow and off a harmful answer is the upstream's to the byte, packed or plain."""
    plain = b"".join([b": hi\r\n\r\n", *streamed(HARMFUL_REPLY)]) if stream else completion(HARMFUL_REPLY)
    body = PACKERS[coding](plain) if coding else plain
    script.headers = {**(SSE if stream else script.headers), "ETag": '"1"', "X-Odd": "1"}
    if coding:
        script.headers["Content-Encoding"] = coding
    script.chunks = _pieces(body, size)
    asked = asking(HARMFUL_MESSAGE, stream=stream)
    bare_headers, bare = await raw(upstream, asked)
    url = await guarded(upstream, mode=mode)
    headers, got = await raw(url, asked)
    assert got == bare == body
    del bare_headers["Date"], headers["Date"]
    assert headers == bare_headers
    assert script.asked[1].headers["Accept-Encoding"] == "gzip, br, zstd"
    assert script.bodies[0] == script.bodies[1]
    expected = {("screened", "would_replace"): 1} if mode == "shadow" else {("unscreened", "off"): 1}
    assert await counted(url, 1) == expected


@pytest.mark.parametrize("stream", [False, True])
async def test_the_record_says_what_would_have_been_done(
    guarded: Guarded, upstream: str, script: Script, tmp_path: Path, stream: bool
) -> None:
    """A shadowed harm is on record with the reply as it was delivered, and the text that would have been."""
    script.chunks = streamed(HARMFUL_REPLY) if stream else [completion(HARMFUL_REPLY)]
    script.headers = SSE if stream else script.headers
    url = await guarded(upstream, mode="shadow", locale="en-US")
    if stream:
        assert await talk(url, HARMFUL_MESSAGE) == {0: HARMFUL_REPLY}
    else:
        await post(url, asking(HARMFUL_MESSAGE))
    await counted(url, 1)
    (record,) = await records(tmp_path)
    assert (record.reply, record.delivered, record.status) == (HARMFUL_REPLY, HARMFUL_REPLY, "screened")
    assert record.decision is not None
    assert (record.decision["action"], record.decision["enforced"]) == ("replace", False)
    assert "988" in record.decision["would_deliver"]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_failing_classifier_is_not_felt_in_shadow(
    serve: Serve,
    settings_for: Callable[..., Settings],
    decider: Decider,
    upstream: str,
    script: Script,
    tmp_path: Path,
    stream: bool,
) -> None:
    """With a model that fails at every reading a shadowed answer passes, and counts as failed."""
    script.chunks = streamed(HARMFUL_REPLY) if stream else [completion(HARMFUL_REPLY)]
    script.headers = SSE if stream else script.headers
    settings = settings_for(upstream, mode="shadow")
    url = await serve(build_app(settings, Judgement(BrokenAssessor.load(), decider)))
    _, answer = await post(url, asking(HARMFUL_MESSAGE, stream=stream))
    assert answer == b"".join(script.chunks)
    assert await counted(url, 1) == {("failed", "classifier"): 1}
    (record,) = await records(tmp_path)
    assert (record.status, record.delivered) == ("failed", HARMFUL_REPLY)


class HungAssessor(Assessor):
    """A model that takes very long over everything, until it is let go."""

    def cut_conversation(self, conversation: object) -> object:  # type: ignore[override]
        self.released.wait(60)  # type: ignore[attr-defined]
        return super().cut_conversation(conversation)  # type: ignore[arg-type]


async def test_a_hung_classifier_is_not_felt_in_shadow(
    serve: Serve, settings_for: Callable[..., Settings], decider: Decider, upstream: str, script: Script
) -> None:
    """An answer is delivered whole while the classifier hangs; it is counted once that has answered."""
    hung = HungAssessor.load()
    hung.released = threading.Event()  # type: ignore[attr-defined]
    script.headers, script.chunks = SSE, streamed(HARMFUL_REPLY)
    settings = settings_for(upstream, mode="shadow")
    url = await serve(build_app(settings, Judgement(hung, decider)))
    _, answer = await post(url, asking(HARMFUL_MESSAGE, stream=True))
    assert answer == b"".join(script.chunks)
    assert await counts(url) == {}
    hung.released.set()  # type: ignore[attr-defined]
    assert await counted(url, 1) == {("screened", "would_replace"): 1}


async def test_a_request_that_cant_be_read(guarded: Guarded, upstream: str, script: Script) -> None:
    """Closed, it is refused and never sent on; open, or in shadow, it is relayed and counted unscreened."""
    script.chunks = [completion(HARMLESS_REPLY)]
    odd = b'{"messages": "hello", "model": "m"}'
    assert (await post(await guarded(upstream), odd))[0] == 400
    assert not script.asked
    for more in ({"fail_request": "open"}, {"mode": "shadow"}):
        url = await guarded(upstream, **more)
        assert await post(url, odd) == (200, script.chunks[0])
        assert script.bodies[-1] == odd
        assert await counted(url, 1) == {("unscreened", "request_unread"): 1}


async def test_a_large_request_passes_a_shadow(guarded: Guarded, upstream: str, script: Script) -> None:
    """A request larger than is read still passes in shadow, whole, and counts as unscreened."""
    script.chunks = [completion(HARMLESS_REPLY)]
    body = json.dumps(asking("x" * 300_000)).encode()
    url = await guarded(upstream, mode="shadow", max_body_bytes=2048)
    assert await post(url, body) == (200, script.chunks[0])
    assert script.bodies == [body]
    assert await counted(url, 1) == {("unscreened", "request_too_large"): 1}


@pytest.mark.parametrize(
    ("chunks", "headers", "reason"),
    [
        ([b'{"hello": 1}'], {"Content-Type": "application/json"}, "upstream_invalid"),
        ([b"data: {}\n\n", b"data: [1\n\nda", b"ta: rest\n\n"], SSE, "upstream_invalid"),
        ([completion("x" * 4000)], {"Content-Type": "application/json"}, "upstream_too_large"),
        ([*streamed("x" * 4000), b"data: [DONE]\n\n"], SSE, "upstream_too_large"),
        ([b"abc"], {"Content-Encoding": "snappy", "Content-Type": "application/json"}, "unreadable_coding"),
    ],
)
async def test_a_reply_that_cant_be_judged(
    guarded: Guarded, upstream: str, script: Script, chunks: list[bytes], headers: dict[str, str], reason: str
) -> None:
    """Closed, it is an error and counts as failed; open, it is delivered and counts as unscreened."""
    script.chunks, script.headers = chunks, headers
    asked = asking(HARMLESS_MESSAGE, stream=headers == SSE)
    url = await guarded(upstream, max_reply_bytes=3000)
    status, answer = await post(url, asked)
    assert status == 502 or b'"error"' in answer
    assert sum(n for (outcome, _), n in (await counted(url, 1)).items() if outcome == "failed") == 1
    url = await guarded(upstream, fail_reply="open", max_reply_bytes=3000)
    assert (await raw(url, asked))[1] == b"".join(chunks)
    assert await counted(url, 1) == {("unscreened", reason): 1}
    url = await guarded(upstream, mode="shadow", max_reply_bytes=3000)
    assert (await raw(url, asked))[1] == b"".join(chunks)
    shadowed = "too_large" if reason == "upstream_too_large" else reason
    assert await counted(url, 1) == {("unscreened", shadowed): 1}


@pytest.mark.parametrize("stream", [False, True])
async def test_a_failing_classifier_may_be_open(
    serve: Serve,
    settings_for: Callable[..., Settings],
    decider: Decider,
    upstream: str,
    script: Script,
    tmp_path: Path,
    stream: bool,
) -> None:
    """Open, a reply that the model failed on is delivered to the byte, on record as failed."""
    script.chunks = streamed(HARMFUL_REPLY) if stream else [completion(HARMFUL_REPLY)]
    script.headers = SSE if stream else script.headers
    settings = settings_for(upstream, fail_reply="open")
    url = await serve(build_app(settings, Judgement(BrokenAssessor.load(), decider)))
    _, answer = await post(url, asking(HARMFUL_MESSAGE, stream=stream))
    assert answer == b"".join(script.chunks)
    assert await counts(url) == {("failed", "classifier"): 1}
    (record,) = await records(tmp_path)
    assert (record.status, record.delivered, record.reason) == ("failed", HARMFUL_REPLY, "MemoryError")


@pytest.mark.parametrize("mode", ["shadow", "off"])
async def test_an_error_speaks_the_dialect(guarded: Guarded, mode: str) -> None:
    """With nobody upstream, an error comes in the dialect that was spoken, and counts as failed."""
    url = await guarded("http://127.0.0.1:9", mode=mode)
    status, answer = await post(url, asking("hello", max_tokens=3), path="/v1/messages")
    assert status == 502
    assert json.loads(answer)["type"] == "error"
    assert await counted(url, 1) == {("failed", "upstream_unreachable"): 1}
