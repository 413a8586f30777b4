import asyncio
import json

import pytest

from .conftest import HARMLESS_MESSAGE, HARMLESS_REPLY, Guarded, Json, Script, asking, completion, post

CHAT = "/v1/chat/completions"


def nested(levels: int) -> bytes:
    """A request nested so deep, in a field that no dialect reads."""
    deep = b"[" * (levels - 1) + b"]" * (levels - 1)
    return json.dumps(asking("hello")).encode()[:-1] + b', "x": ' + deep + b"}"


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        (CHAT, lambda found: found["error"]["message"]),
        ("/v1/responses", lambda found: found["error"]["message"]),
        ("/v1/messages", lambda found: found["error"]["message"] if found["type"] == "error" else ""),
        ("/api/chat", lambda found: found["error"]),
    ],
)
@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (json.dumps(asking("x" * 5000)).encode(), 413, "larger than 4096 bytes"),
        (nested(30), 400, "nested more than 20 levels"),
        (nested(2000), 400, "nested more than 20 levels"),
        (json.dumps({**asking("a"), "messages": [{}] * 50}).encode(), 400, "'messages' holds 50 entries"),
        (json.dumps({**asking("a"), "input": [{}] * 50}).encode(), 400, "'input' holds 50 entries"),
    ],
)
async def test_limits_are_told_in_the_dialects_shape(  # type: ignore[no-untyped-def]
    guarded: Guarded, upstream: str, script: Script, path: str, shape, body: bytes, status: int, words: str
) -> None:
    """Too much is refused in the shape of the dialect that was spoken, naming what is too much."""
    url = await guarded(upstream, max_body_bytes=4096, max_json_depth=20, max_messages=40)
    got, answer = await post(url, body, path=path)
    assert got == status
    assert words in shape(json.loads(answer))
    assert not script.asked


async def test_what_is_within_the_limits_passes(guarded: Guarded, upstream: str, script: Script) -> None:
    """A request that is just deep and long enough is none too much."""
    script.chunks = [completion(HARMLESS_REPLY)]
    url = await guarded(upstream, max_json_depth=20, max_messages=40)
    assert (await post(url, nested(20)))[0] == 200
    many: Json = {"messages": asking(HARMLESS_MESSAGE)["messages"] * 40, "model": "m"}
    assert (await post(url, many))[0] == 200


async def test_a_compressed_chat_is_refused(guarded: Guarded, upstream: str, script: Script) -> None:
    """A chat that can't be read as it stands is refused with the mend."""
    url = await guarded(upstream)
    status, answer = await post(url, b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
    assert (status, json.loads(answer)["error"]["code"]) == (415, "unsupported_encoding")


async def test_a_body_that_stops_coming(guarded: Guarded, upstream: str, script: Script) -> None:
    """A client that falls silent amid its request is let go with a 408."""
    answer = await _raw(
        await guarded(upstream, client_timeout=0.2),
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
    )
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"request_timeout" in answer


@pytest.mark.parametrize("path", [b"/v1/chat/completions", b"/v1/files"])
async def test_a_body_is_asked_for_when_it_is_wanted(
    guarded: Guarded, upstream: str, script: Script, path: bytes
) -> None:
    """A client that waits to be told to go on is told so, and then its body is taken."""
    script.chunks = [completion(HARMLESS_REPLY)]
    body = json.dumps(asking(HARMLESS_MESSAGE)).encode()
    reader, writer = await _open(await guarded(upstream))
    head = b"POST %b HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n" % (
        path,
        len(body),
    )
    writer.write(head + b"Connection: close\r\n\r\n")
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(body)
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert script.bodies == [body]
    assert "Expect" not in script.asked[0].headers


async def test_a_body_too_large_is_not_asked_for(guarded: Guarded, upstream: str, script: Script) -> None:
    """A client that waits, with more than is taken, is told so before it sends a byte."""
    answer = await _raw(
        await guarded(upstream, max_body_bytes=1024),
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
        b"Content-Length: 9999\r\n\r\n",
    )
    assert answer.startswith(b"HTTP/1.1 413")


async def test_other_expectations_are_refused(guarded: Guarded, upstream: str, script: Script) -> None:
    """An expectation that nobody can meet is a 417 in words."""
    status, answer = await post(await guarded(upstream), b"{}", headers={"Expect": "cake"})
    assert (status, json.loads(answer)["error"]["code"]) == (417, "expectation_failed")


async def test_what_is_refused_before_all_else_is_refused_in_the_dialect(
    guarded: Guarded, upstream: str, script: Script
) -> None:
    """Anthropic's clients read errors of Anthropic's shape, Ollama's of Ollama's, whoever refuses."""
    url, headers = await guarded(upstream), {"Expect": "cake"}
    _, anthropic = await post(url, b"{}", path="/v1/messages", headers=headers)
    _, ollama = await post(url, b"{}", path="/api/chat", headers=headers)
    assert json.loads(anthropic)["type"] == "error"
    assert isinstance(json.loads(ollama)["error"], str)


async def _open(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = url.removeprefix("http://").split(":")
    return await asyncio.open_connection(host, int(port))


async def _raw(url: str, sent: bytes) -> bytes:
    """What comes back until the connection is closed."""
    reader, writer = await _open(url)
    writer.write(sent)
    answer = await reader.read()
    writer.close()
    return answer
