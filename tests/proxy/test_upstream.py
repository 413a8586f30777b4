import gzip
import json
import zlib

import brotli
import openai
import pytest

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
