"""Load: many connections that ask a server the same, each again as soon as it is answered."""

import asyncio
import json
import re
import time
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
# The first word of the scripted reply.
_TEXT = re.compile(rb'"content": *"It')
_END = b"0\r\n\r\n"


@dataclass(slots=True)
class Answered:
    """What was seen of one answer: seconds to its first text, to its end, and its bytes."""

    first: float
    whole: float
    size: int
    status: int


@dataclass(slots=True)
class Load:
    """Requests to send in all, and what came back."""

    request: bytes
    left: int
    answers: list[Answered] = field(default_factory=list)


class _Client(asyncio.Protocol):
    """A connection that asks until the load is done."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._got, self._first, self._began = b"", 0.0, 0.0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._got += data
        now = time.perf_counter() - self._began
        if not self._first and _TEXT.search(self._got):
            self._first = now
        head, found, body = self._got.partition(b"\r\n\r\n")
        if not found:
            return
        length = _LENGTH.search(head)
        if len(body) >= int(length[1]) if length else body.endswith(_END):
            status = int(head.split(maxsplit=2)[1])
            size = len(body if length else _unchunked(body))
            self._load.answers.append(Answered(self._first or now, now, size, status))
            self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def _ask(self) -> None:
        if not self._load.left:
            self._transport.close()
            return
        self._load.left -= 1
        self._got, self._first, self._began = b"", 0.0, time.perf_counter()
        self._transport.write(self._load.request)


def _unchunked(body: bytes) -> bytes:
    """A body without the marks of its chunks, which every proxy sets anew."""
    found = b""
    while size := int(body[: body.index(b"\r\n")], 16):
        at = body.index(b"\r\n") + 2
        found += body[at : at + size]
        body = body[at + size + 2 :]
    return found


def chat(url: str, *, said: str = "What should I cook on Sunday?", **more: Any) -> bytes:
    """A request for a chat completion."""
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": said}], **more})
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n"
    kind = (
        f"Authorization: Bearer sk-x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return (head + kind + body).encode()


async def ask(url: str, connections: int, load: Load) -> float:
    """Put a load on a server over so many connections; give the seconds it took."""
    began = time.perf_counter()
    await _drive(url, [load] * connections)
    return time.perf_counter() - began


async def ask_each(url: str, requests: list[bytes]) -> list[Answered]:
    """Send each request once, over a connection of its own, all at the same time."""
    loads = [Load(request, 1) for request in requests]
    await _drive(url, loads)
    return [answer for load in loads for answer in load.answers]


async def _drive(url: str, loads: list[Load]) -> None:
    loop = asyncio.get_running_loop()
    where = urlsplit(url)
    clients = [_Client(load) for load in loads]
    for client in clients:
        await loop.create_connection(partial(_itself, client), where.hostname or "", where.port or 80)
    await asyncio.gather(*(client.done for client in clients))


def _itself(client: _Client) -> _Client:
    return client
