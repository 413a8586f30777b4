import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest

from handrail.classifiers.assessor import Assessor
from handrail.policies.decide import Decider
from handrail.proxy.app import Judgement, build_app
from handrail.proxy.server import Site, start
from handrail.proxy.settings import Settings

from .conftest import SSE, Guarded, Script, asking, post, streamed

HEAD = b"POST /v1/files HTTP/1.1\r\nHost: x\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n"
# Framed one way by one server and another way by the next, each of these hides a request in another.
HOSTILE = {
    "both lengths": CHUNKED + b"Content-Length: 5\r\n\r\n0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: x\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
    "one length twice": HEAD + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nab",
    "list of lengths": HEAD + b"Content-Length: 2, 2\r\n\r\nab",
    "signed length": HEAD + b"Content-Length: +2\r\n\r\nab",
    "unknown coding": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "coding before chunked": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "coding after chunked": HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "two codings": CHUNKED + b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "space before the colon": HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "tab before the coding": HEAD + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    "chunked in HTTP/1.0": b"POST /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "folded line": HEAD + b"X-A: a\r\n hidden\r\nContent-Length: 0\r\n\r\n",
    "bare line feeds": b"GET /x HTTP/1.1\nHost: x\n\n",
    "bare line feed in a header": HEAD + b"X-A: a\nX-Hidden: b\r\n\r\n",
    "bare carriage return": HEAD + b"X-A: a\rX-Hidden: b\r\n\r\n",
    "NUL": HEAD + b"X-A: a\x00b\r\n\r\n",
    "control character": HEAD + b"X-A: a\x01b\r\n\r\n",
    "space in a name": HEAD + b"X A: hidden\r\n\r\n",
    "two hosts": HEAD + b"Host: hidden\r\n\r\n",
    "no host": b"GET /x HTTP/1.1\r\n\r\n",
    "chunk size ended by LF": CHUNKED + b"\r\n2\nab\r\n0\r\n\r\n",
    "chunk size that is none": CHUNKED + b"\r\nhidden\r\nab\r\n0\r\n\r\n",
    "chunk longer than said": CHUNKED + b"\r\n2\r\nabhidden\r\n0\r\n\r\n",
    "chunk size with 0x": CHUNKED + b"\r\n0x2\r\nab\r\n0\r\n\r\n",
    "absolute target": b"GET http://hidden.test/x HTTP/1.1\r\nHost: x\r\n\r\n",
    "target of a tunnel": b"CONNECT hidden.test:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    "target *": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "target without a slash": b"GET @hidden.test/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "target with a fragment": b"GET /x#hidden HTTP/1.1\r\nHost: x\r\n\r\n",
    "target with a space": b"GET /x hidden HTTP/1.1\r\nHost: x\r\n\r\n",
    "other version": b"GET /x HTTP/1.2\r\nHost: x\r\n\r\n",
    "no HTTP": b"hidden hidden\r\n\r\n",
    "long header": HEAD + b"X-A: " + b"hidden" * 20000 + b"\r\n\r\n",
    "long target": b"GET /" + b"hidden" * 20000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "many headers": HEAD + b"".join(b"X-%d: a\r\n" % n for n in range(5000)) + b"\r\n",
}


@pytest.mark.parametrize("sent", HOSTILE.values(), ids=HOSTILE.keys())
async def test_ambiguous_requests_are_refused(
    guarded: Guarded, upstream: str, script: Script, sent: bytes
) -> None:
    """What two servers could read in two ways is refused, in JSON that repeats none of it."""
    answer = await _talk(await guarded(upstream), sent, whole=False)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert int(head.split()[1]) in {400, 404, 431, 501}
    assert b"application/json" in head
    assert b'"error"' in body
    assert b"hidden" not in answer
    assert not script.bodies
    assert all("hidden" not in asked.path for asked in script.asked)


async def test_what_is_framed_oddly_but_plainly_is_framed_anew(
    guarded: Guarded, upstream: str, script: Script
) -> None:
    """Chunk extensions and trailers are no part of what is passed on."""
    head = CHUNKED + b"Connection: close\r\nTrailer: Authorization\r\n\r\n"
    sent = head + b"2;a=b\r\nab\r\n0\r\nAuthorization: hidden\r\n\r\n"
    assert (await _talk(await guarded(upstream), sent)).startswith(b"HTTP/1.1 200")
    assert script.bodies == [b"ab"]
    assert not {"Authorization", "Trailer"} & set(script.asked[0].headers)


async def test_two_requests_in_one_piece_stay_two(guarded: Guarded, upstream: str, script: Script) -> None:
    """A body that looks like a request is a body; the next request is the next one's."""
    body = b"GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"
    first = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    second = b"GET /second HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = await _talk(await guarded(upstream), first + second)
    assert answer.count(b"HTTP/1.1 200") == 2
    assert [asked.path for asked in script.asked] == ["/v1/files", "/second"]
    assert script.bodies[0] == body


async def test_longer_headers_by_setting(guarded: Guarded, upstream: str, script: Script) -> None:
    """A header line within the limit passes, though the framework's own is lower."""
    sent = b"GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-A: " + b"a" * 30000 + b"\r\n\r\n"
    assert (await _talk(await guarded(upstream), sent)).startswith(b"HTTP/1.1 200")


async def test_a_stop_breaks_off_with_a_word(
    settings_for: Callable[..., Settings],
    assessor: Assessor,
    decider: Decider,
    upstream: str,
    script: Script,
    logged: Callable[[], str],
) -> None:
    """A reply that outlasts the drain ends with an error in its dialect, and is lost to the shutdown."""
    script.headers, script.delay = SSE, 3600
    script.chunks = [b"".join(streamed("A whole sentence. And then", size=26)[:2])]
    app = build_app(settings_for(upstream, drain_seconds=1), Judgement(assessor, decider))
    async with AsyncExitStack() as stack:
        url = await start(Site(app, "127.0.0.1", 0), stack, 30)
        asked = asyncio.create_task(post(url, asking("hello", stream=True)))
        await script.reached.wait()
        await stack.aclose()
        _, answer = await asked
    assert b'"code": "shutdown"' in answer
    assert b"[DONE]" not in answer
    assert "shutdown" in logged()


async def _talk(url: str, sent: bytes, *, whole: bool = True) -> bytes:
    """What comes back for some bytes: until the connection is closed, or one answer that has a length."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(sent)
    if whole:
        answer = await reader.read()
    else:
        answer = await reader.readuntil(b"\r\n\r\n")
        answer += await reader.readexactly(int(answer.split(b"Content-Length: ")[1].split()[0]))
    writer.close()
    return answer
