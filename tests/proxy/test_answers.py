"""Back-pressure, departures and fidelity, on real sockets."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from .conftest import Guarded, asking

# Far more than the buffers of the kernel and ours hold between two ends of a connection.
_PIECE = b": " + b"x" * 65530 + b"\n\n"
_PIECES = 1500
_MOST_UNDERWAY = 40 * 2**20
_STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"

Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Listen = Callable[[Speak], Awaitable[str]]


@pytest.fixture
async def listen() -> AsyncIterator[Listen]:
    """Start an upstream that speaks bytes, not HTTP; give its URL."""
    servers: list[asyncio.Server] = []

    async def begin(speak: Speak) -> str:
        async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await speak(reader, writer)
            except ConnectionError:
                pass
            finally:
                writer.close()

        servers.append(await asyncio.start_server(once, "127.0.0.1", 0))
        return f"http://127.0.0.1:{servers[-1].sockets[0].getsockname()[1]}"

    yield begin
    for server in servers:
        server.close()


@dataclass
class Sender:
    """Sends much, and knows how much of it was taken."""

    sent: int = 0
    moved: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, writer: asyncio.StreamWriter) -> None:
        """Send all pieces, as fast as they are taken."""
        for _ in range(_PIECES):
            writer.write(_PIECE)
            await writer.drain()
            self.sent += len(_PIECE)
            self.moved.set()

    async def stalled(self) -> int:
        """How much was taken when no more was for a second."""
        while True:
            self.moved.clear()
            try:
                await asyncio.wait_for(self.moved.wait(), 1)
            except TimeoutError:
                return self.sent


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/files/f/content"])
@pytest.mark.parametrize("mode", ["enforce", "shadow", "off"])
async def test_a_slow_reader_slows_the_upstream(
    guarded: Guarded, listen: Listen, path: str, mode: str
) -> None:
    """While a client does not read, the upstream is not read either; then everything comes."""
    sender = Sender()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(_STREAM_HEAD)
        await sender.send(writer)

    more = {"relay_unread": ["files"], "max_reply_bytes": 2**30, "mode": mode, "idle_timeout": 0.5}
    reader, writer = await _open(await guarded(await listen(speak), **more))
    writer.write(_request("POST", path, json.dumps(asking("hello", stream=True)).encode()))
    await reader.readuntil(b"\r\n\r\n")
    assert 0 < await sender.stalled() < _MOST_UNDERWAY
    read = 0
    while read < len(_PIECE) * _PIECES:
        read += len(await reader.read(2**20)) or pytest.fail("the answer was cut")
    writer.close()


async def test_a_slow_upstream_slows_the_client(guarded: Guarded, listen: Listen) -> None:
    """While an upstream does not read, the client's body is not read either; then all of it goes."""
    go, got, sender = asyncio.Event(), bytearray(), Sender()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await go.wait()
        for _ in range(_PIECES):
            got.extend(await reader.readexactly(len(_PIECE)))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    reader, writer = await _open(await guarded(await listen(speak)))
    size = len(_PIECE) * _PIECES
    writer.write(b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
    sending = asyncio.create_task(sender.send(writer))
    assert 0 < await sender.stalled() < _MOST_UNDERWAY
    go.set()
    await sending
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    assert len(got) == size
    writer.close()


async def test_a_client_that_reads_nothing_is_let_go(guarded: Guarded, listen: Listen) -> None:
    """A client that takes nothing for too long is cut off, and so is its call upstream."""
    ended = asyncio.Event()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(_STREAM_HEAD)
        try:
            await Sender().send(writer)
        finally:
            ended.set()

    _, writer = await _open(await guarded(await listen(speak), client_timeout=0.3))
    writer.write(_request("GET", "/x"))
    await asyncio.wait_for(ended.wait(), 60)
    writer.close()


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/x"])
async def test_a_client_that_leaves_ends_the_call(guarded: Guarded, listen: Listen, path: str) -> None:
    """When the client goes, the connection upstream is closed, also before the first byte of an answer."""
    asked, ended = asyncio.Event(), asyncio.Event()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        while await reader.read(65536):
            pass
        ended.set()

    _, writer = await _open(await guarded(await listen(speak)))
    writer.write(_request("POST", path, json.dumps(asking("hello")).encode()))
    await asyncio.wait_for(asked.wait(), 60)
    writer.close()
    await asyncio.wait_for(ended.wait(), 60)


async def test_a_client_that_breaks_off_is_not_the_upstreams_fault(guarded: Guarded, listen: Listen) -> None:
    """A body that its client breaks off, or garbles, doesn't open the circuit."""
    asked, ended = asyncio.Event(), asyncio.Event()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if b"/good" in head:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood")
            return
        asked.set()
        while await reader.read(65536):
            pass
        ended.set()

    url = await guarded(await listen(speak), breaker_failures=1)
    for rest in (b"", b"zz\r\n\r\n"):
        asked.clear()
        ended.clear()
        _, writer = await _open(url)
        writer.write(b"POST /bad HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
        await asyncio.wait_for(asked.wait(), 60)
        writer.write(rest)
        await writer.drain()
        writer.close()
        await asyncio.wait_for(ended.wait(), 60)
    reader, writer = await _open(url)
    writer.write(_request("GET", "/good", close=True))
    assert (await reader.read()).endswith(b"good")
    writer.close()


@pytest.mark.parametrize(
    ("method", "answer", "wanted", "unwanted"),
    [
        ("GET", b"200 OK\r\nContent-Length: 2\r\n\r\nok", b"Content-Length: 2\r\n", b"Content-Type"),
        ("DELETE", b"200 OK\r\nContent-Length: 0\r\n\r\n", b"Content-Length: 0\r\n", b"Transfer-Encoding"),
        ("HEAD", b"200 OK\r\nContent-Length: 22\r\n\r\n", b"Content-Length: 22\r\n", b"Content-Type"),
        ("GET", b"304 Not Modified\r\nContent-Length: 22\r\n\r\n", b"Content-Length: 22\r\n", b"chunked"),
        ("GET", b"204 No Content\r\nX-A: b\r\n\r\n", b"X-A: b\r\n", b"Content-"),
        ("GET", b"200 OK\r\nServer: own/1\r\nContent-Length: 0\r\n\r\n", b"Server: own/1\r\n", b"aiohttp"),
        ("GET", b"200 OK\r\nX-L: " + b"a" * 20000 + b"\r\nContent-Length: 0\r\n\r\n", b"a" * 20000, b"502"),
        ("GET", b"103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"200 OK", b"103"),
        (
            "GET",
            b"200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: ;=\r\nContent-Length: 0\r\n\r\n",
            b"Cookie: ;=",
            b"502",
        ),
    ],
)
async def test_an_answers_head_is_its_own(
    guarded: Guarded, listen: Listen, method: str, answer: bytes, wanted: bytes, unwanted: bytes
) -> None:
    """Nothing is added to an upstream's headers and nothing lost that the client could do with."""
    got = await _through(guarded, listen, method, b"HTTP/1.1 " + answer)
    assert wanted in got
    assert unwanted not in got


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nX-A: a\x00b\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-A: a\rX-Hidden: b\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 O\x01K\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nhidden",
        b"hidden",
        b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 99000 + b"\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_an_ambiguous_answer_is_not_passed_on(guarded: Guarded, listen: Listen, answer: bytes) -> None:
    """An answer that could be read in two ways becomes a 502 in words of ours."""
    got = await _through(guarded, listen, "GET", answer)
    assert got.startswith(b"HTTP/1.1 502")
    assert b"hidden" not in got
    assert b"Hidden" not in got


async def test_what_follows_an_answer_is_no_answer(guarded: Guarded, listen: Listen) -> None:
    """Bytes after the end of an answer are never taken for the next one's."""
    two = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" * 2

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(two + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhidden")
        await reader.read(65536)

    url = await guarded(await listen(speak))
    for _ in range(3):
        reader, writer = await _open(url)
        writer.write(_request("GET", "/x", close=True))
        assert (await reader.read()).endswith(b"\r\n\r\nok")
        writer.close()


async def test_our_own_paths_can_make_way(guarded: Guarded, listen: Listen) -> None:
    """With a prefix for our own paths, an upstream's health is its own, and ours is under the prefix."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ntheirs")

    url = await guarded(await listen(speak), own_prefix="/-/handrail")
    found = []
    for path in ("/healthz", "/-/handrail/healthz"):
        reader, writer = await _open(url)
        writer.write(_request("GET", path, close=True))
        found.append((await reader.read()).partition(b"\r\n\r\n")[2])
        writer.close()
    assert found == [b"theirs", b'{"status": "ok"}']


async def _through(guarded: Guarded, listen: Listen, method: str, answer: bytes) -> bytes:
    """What comes through the proxy of an answer."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()

    reader, writer = await _open(await guarded(await listen(speak), retries=0))
    writer.write(_request(method, "/x", close=True))
    got = await reader.read()
    writer.close()
    return got


def _request(method: str, path: str, body: bytes = b"", *, close: bool = False) -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
    return (head + ("Connection: close\r\n\r\n" if close else "\r\n")).encode() + body


async def _open(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection with small buffers, so that a reader that stops is soon felt."""
    host, port = url.removeprefix("http://").split(":")
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**16)
    plain.setblocking(False)
    await asyncio.get_running_loop().sock_connect(plain, (host, int(port)))
    return await asyncio.open_connection(sock=plain)
