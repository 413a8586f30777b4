"""Upstream: a scripted chatbot for the proxy benchmark, so light that it is never what is measured.

`python -m handrail.evals.proxy_bench_upstream` prints where it listens. It answers every POST with the same
chat completion; streamed, if the request says so, as events `pace` seconds apart, if the body names a pace.
"""

import asyncio
import json
import re
from typing import cast

SENTENCE = "It helps to take one small thing at a time and to see how that goes before the next one. "
SENTENCES = 6
WORDS = SENTENCE.split()
# Text events before the first sentence is known to have ended: its words, and the one that follows it.
FIRST_SENTENCE = len(WORDS) + 1

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_STREAMED = re.compile(rb'"stream": *true')
_PACE = re.compile(rb'"pace": *([0-9.]+)')


def _whole() -> bytes:
    message = {"role": "assistant", "content": SENTENCE * SENTENCES}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    body = json.dumps(
        {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    )
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return (head + body).encode()


def _event(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return f"data: {json.dumps(chunk)}\n\n".encode()


def _events() -> list[bytes]:
    words = [word + " " for word in WORDS * SENTENCES]
    texts = [_event({"content": word}) for word in words]
    return [_event({"role": "assistant", "content": ""}), *texts, _event({}, "stop"), b"data: [DONE]\n\n"]


_WHOLE = _whole()
_STREAM = [b"%x\r\n%b\r\n" % (len(event), event) for event in _events()] + [b"0\r\n\r\n"]
_STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


class _Chatbot(asyncio.Protocol):
    """One connection, one request at a time."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._got = b""

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, found, body = self._got.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not found or (len(body) < int(length[1]) if length else not body.endswith(b"0\r\n\r\n")):
            return
        self._got = b""
        pace = _PACE.search(body)
        if not _STREAMED.search(body):
            self._transport.write(_WHOLE)
        elif pace:
            self._transport.write(_STREAM_HEAD)
            self._send_next(0, float(pace[1]))
        else:
            self._transport.writelines([_STREAM_HEAD, *_STREAM])

    def _send_next(self, at: int, pace: float) -> None:
        if self._transport.is_closing() or at == len(_STREAM):
            return
        self._transport.write(_STREAM[at])
        asyncio.get_running_loop().call_later(pace, self._send_next, at + 1, pace)


async def _main() -> None:
    server = await asyncio.get_running_loop().create_server(_Chatbot, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)  # noqa: T201
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main())
