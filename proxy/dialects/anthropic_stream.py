"""Anthropic Messages, streamed: blocks begun, written and ended by server-sent events."""

from collections.abc import Callable, Mapping

from handrail.proxy.dialects.anthropic import (
    TEXT_BLOCKS,
    VOICE,
    read_reply,
    read_request,
    text_of,
    unread_of,
    write_error,
    write_reply,
)
from handrail.proxy.dialects.dialect import Dialect, Fault
from handrail.proxy.dialects.payload import Json, dump
from handrail.proxy.dialects.scribe import Told, read_event
from handrail.proxy.frame import Frame
from handrail.proxy.sse import MEDIA_TYPE, EventDecoder, encode

_ONLY = frozenset({VOICE})
# Deltas with words a person could read, and the field that holds them.
_TEXT_DELTAS = {"text_delta": "text", "thinking_delta": "thinking"}
_KNOWN_DELTAS = frozenset({*_TEXT_DELTAS, "signature_delta", "input_json_delta"})


class AnthropicScribe:
    """Reads and writes events; knows which blocks have begun, so that a repair can end and begin one."""

    def __init__(self, exchange: str) -> None:
        self._mark: Json = {"handrail": {"exchange": exchange}}
        self._kinds: dict[int, str] = {}
        self._sent_open: int | None = None
        self._sent = -1

    def read(self, frame: Frame) -> Told:
        """What an event says. Raises UpstreamError when it is none of this dialect."""
        return read_event(frame, "a message stream", self._read)

    def without(self, frame: Frame, gone: frozenset[int]) -> Frame | None:
        """Nothing is left of an event whose voice was replaced."""
        return None

    def takes_addition(self, frame: Frame) -> bool:
        """The end of the last text block; without one, the end of the message."""
        payload = frame.payload()
        texts = [index for index, kind in self._kinds.items() if kind == "text"]
        if payload["type"] == "content_block_stop":
            return bool(texts) and payload["index"] == max(texts)
        return payload["type"] == "message_delta" and not texts

    def finish_with(self, frame: Frame, additions: Mapping[int, str]) -> bytes:
        """The end of a block or of the message, with the addition before it."""
        payload = frame.payload()
        if payload["type"] == "content_block_stop":
            return self._delta(payload["index"], additions[VOICE]) + self.pass_on(frame)
        return self._block(self._next(), additions[VOICE]) + self.pass_on(frame)

    def say(self, voice: int, text: str) -> bytes:
        """A block of its own: the upstream never ended the message."""
        return self._block(self._next(), text)

    def replace(self, voice: int, text: str, *, begun: bool) -> bytes:
        """The open block ended, a block with the text, and the end of the message."""
        out = b""
        if self._sent_open is not None:
            out = self._event({"type": "content_block_stop", "index": self._sent_open})
        end = {"stop_reason": "end_turn", "stop_sequence": None}
        usage = {"output_tokens": 0}
        out += self._block(self._sent + 1, text)
        out += self._event({"type": "message_delta", "delta": end, "usage": usage, **self._mark})
        return out + self._event({"type": "message_stop"})

    def terminal(self) -> bytes:
        """Nothing: the end of the message came with the replacement."""
        return b""

    def failure(self, fault: Fault) -> bytes:
        """An error event."""
        return encode(write_error(fault).decode(), "error")

    def pass_on(self, frame: Frame) -> bytes:
        """Its own bytes. What has left is noted: a repair must end the block that a client believes open."""
        payload = frame.payload()
        if payload.get("type") == "content_block_start":
            self._sent = self._sent_open = payload["index"]
        elif payload.get("type") == "content_block_stop":
            self._sent_open = None
        return frame.raw

    def _next(self) -> int:
        return max(self._kinds, default=-1) + 1

    def _block(self, index: int, text: str) -> bytes:
        empty = {"type": "text", "text": ""}
        start = {"type": "content_block_start", "index": index, "content_block": empty}
        stop = {"type": "content_block_stop", "index": index}
        return self._event(start) + self._delta(index, text) + self._event(stop)

    def _delta(self, index: int, text: str) -> bytes:
        delta = {"type": "text_delta", "text": text}
        return self._event({"type": "content_block_delta", "index": index, "delta": delta, **self._mark})

    def _event(self, payload: Json) -> bytes:
        return encode(dump(payload), payload["type"])

    def _read(self, payload: Json) -> Told:
        return _READERS.get(payload["type"], _read_other)(self, payload)

    def _read_start(self, payload: Json) -> Told:
        block = payload["content_block"]
        self._kinds[int(payload["index"])] = block["type"]
        texts = self._texts(payload["index"], text_of(block))
        unread = unread_of([block])
        return Told(texts, _ONLY, unread={VOICE: unread} if unread else {})

    def _read_delta(self, payload: Json) -> Told:
        delta = payload["delta"]
        field = _TEXT_DELTAS.get(delta["type"])
        text = delta[field] if field else ""
        if not isinstance(text, str):
            raise TypeError("text must be a string")
        unread = {} if delta["type"] in _KNOWN_DELTAS else {VOICE: "other"}
        return Told(self._texts(payload["index"], text), _ONLY, unread=unread)

    def _read_stop(self, payload: Json) -> Told:
        # Ends of text blocks wait for the verdict on the whole: an addition may go into the last of them.
        text = self._kinds[payload["index"]] == "text"
        return Told((), _ONLY, waits=_ONLY if text else frozenset())

    def _texts(self, index: int, text: str) -> tuple[tuple[int, str, str], ...]:
        kind = self._kinds[index]
        if text and kind not in TEXT_BLOCKS:
            raise ValueError("text in a block that holds none")
        return ((VOICE, f"{kind} {index}", text),) if text else ()


def _read_message_start(scribe: AnthropicScribe, payload: Json) -> Told:
    """A message may begin with words in it."""
    blocks = payload["message"].get("content") or []
    texts = [(VOICE, f"start {at}", text) for at, block in enumerate(blocks) if (text := text_of(block))]
    return Told(tuple(texts), _ONLY if texts else frozenset())


def _read_message_delta(scribe: AnthropicScribe, payload: Json) -> Told:
    return Told((), _ONLY, finishes=_ONLY)


def _read_message_stop(scribe: AnthropicScribe, payload: Json) -> Told:
    return Told(voices=_ONLY, finishes=_ONLY, done=True)


def _read_error(scribe: AnthropicScribe, payload: Json) -> Told:
    return Told(error=True)


def _read_other(scribe: AnthropicScribe, payload: Json) -> Told:
    """A ping, and events yet to be invented, which may hold what can't be judged."""
    kind = str(payload["type"])
    return Told() if kind == "ping" else Told((), _ONLY, unread={VOICE: "other"})


_READERS: Mapping[str, Callable[[AnthropicScribe, Json], Told]] = {
    "message_start": _read_message_start,
    "content_block_start": AnthropicScribe._read_start,
    "content_block_delta": AnthropicScribe._read_delta,
    "content_block_stop": AnthropicScribe._read_stop,
    "message_delta": _read_message_delta,
    "message_stop": _read_message_stop,
    "error": _read_error,
}

ANTHROPIC = Dialect(
    name="anthropic",
    path_ends=("/messages",),
    stream_type=MEDIA_TYPE,
    read_request=read_request,
    read_reply=read_reply,
    write_reply=write_reply,
    write_error=write_error,
    decoder=EventDecoder,
    scribe=AnthropicScribe,
)
