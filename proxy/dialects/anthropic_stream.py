"""Anthropic Messages, streamed: blocks begun, written and ended by server-sent events."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from handrail.proxy.dialects.anthropic import (
    VOICE,
    odd_of,
    read_block,
    read_reply,
    read_request,
    write_error,
    write_reply,
)
from handrail.proxy.dialects.dialect import Dialect, Fault
from handrail.proxy.dialects.payload import Json, dump, odd_words, words
from handrail.proxy.dialects.redraft import BLOCKS
from handrail.proxy.dialects.scribe import SingleVoice, Told, read_event
from handrail.proxy.dialects.tools import NOTHING, Calls, Shown
from handrail.proxy.frame import Frame
from handrail.proxy.sse import MEDIA_TYPE, EventDecoder, encode

_ONLY = frozenset({VOICE})
# Deltas with words a person could read, and the field that holds them.
_TEXT_DELTAS = {"text_delta": "text", "thinking_delta": "thinking"}
_KNOWN_DELTAS = frozenset({*_TEXT_DELTAS, "signature_delta", "input_json_delta", "citations_delta"})
_OF_A_DELTA = frozenset({"type", "signature", "partial_json", *_TEXT_DELTAS.values()})
# Fields of events that are read by themselves or show a person nothing.
_OF_AN_EVENT = frozenset({"type", "index", "delta", "content_block", "message", "usage", "error"})


class AnthropicScribe(SingleVoice):
    """Reads and writes events; knows which blocks have begun, so that a repair can end and begin one."""

    def __init__(self, exchange: str, shown: Shown = NOTHING) -> None:
        self._mark: Json = {"handrail": {"exchange": exchange}}
        self._calls = Calls(shown)
        self._kinds: dict[int, str] = {}
        # The frames that begin a block, and those that end one (None): what a client sees open.
        self._edges: dict[Frame, int | None] = {}
        self._sent_open: int | None = None
        self._sent = -1

    def read(self, frame: Frame) -> Told:
        """What an event says. Raises UpstreamError when it is none of this dialect."""
        return read_event(frame, "a message stream", lambda payload: self._read(frame, payload))

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

    def failure(self, fault: Fault) -> bytes:
        """An error event."""
        return encode(write_error(fault).decode(), "error")

    def pass_on(self, frame: Frame) -> bytes:
        """Its own bytes. What has left is noted: a repair must end the block that a client believes open."""
        if frame in self._edges:
            self._sent_open = self._edges[frame]
            self._sent = self._sent if self._sent_open is None else self._sent_open
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

    def _read(self, frame: Frame, payload: Json) -> Told:
        kind = payload["type"]
        if kind == "error":
            return Told(error=True)
        if kind == "content_block_start":
            self._edges[frame] = int(payload["index"])
        elif kind == "content_block_stop":
            self._edges[frame] = None
        told = _READERS.get(kind, AnthropicScribe._read_other)(self, payload)
        odd = odd_words(payload, _OF_AN_EVENT) if kind in _READERS else ""
        return replace(told, texts=(*told.texts, (VOICE, "other", odd)), voices=_ONLY) if odd else told

    def _read_start(self, payload: Json) -> Told:
        at, block = int(payload["index"]), payload["content_block"]
        self._kinds[at] = block["type"]
        text, unread = read_block(at, block, self._calls)
        return Told(self._texts(at, text), _ONLY, unread={VOICE: unread} if unread else {})

    def _read_delta(self, payload: Json) -> Told:
        at, delta = int(payload["index"]), payload["delta"]
        if delta["type"] == "input_json_delta":
            return self._read_input(at, delta)
        field = _TEXT_DELTAS.get(delta["type"])
        text = delta[field] if field else ""
        if not isinstance(text, str):
            raise TypeError("text must be a string")
        unread = {} if delta["type"] in _KNOWN_DELTAS else {VOICE: "other"}
        odd = odd_words(delta, _OF_A_DELTA) if field else words({**delta, "type": None})
        more = ((VOICE, f"other {at}", odd),) if odd and delta["type"] != "signature_delta" else ()
        return Told((*self._texts(at, text), *more), _ONLY, unread=unread)

    def _read_input(self, at: int, delta: Json) -> Told:
        """More of what is written to a tool. What half of it says can't be told, so all of it waits."""
        text, read = self._calls.read(at, None, delta["partial_json"])
        text += odd_words(delta, _OF_A_DELTA)
        return Told(self._texts(at, text), _ONLY, waits=_ONLY if read else frozenset())

    def _read_stop(self, payload: Json) -> Told:
        # Ends of text blocks wait for the verdict on the whole: an addition may go into the last of them.
        text = self._kinds[payload["index"]] == "text"
        return Told((), _ONLY, waits=_ONLY if text else frozenset())

    def _read_message_start(self, payload: Json) -> Told:
        """A message may begin with words in it."""
        message = payload["message"]
        blocks = enumerate(message.get("content") or [])
        found = [(f"start {at}", read_block(-1 - at, block, self._calls)[0]) for at, block in blocks]
        texts = [(VOICE, channel, text) for channel, text in (*found, ("start", odd_of(message))) if text]
        return Told(tuple(texts), _ONLY if texts else frozenset())

    def _read_message_delta(self, payload: Json) -> Told:
        odd = odd_of(payload["delta"])
        return Told(((VOICE, "other", odd),) if odd else (), _ONLY, finishes=_ONLY)

    def _read_message_stop(self, payload: Json) -> Told:
        return Told(voices=_ONLY, finishes=_ONLY, done=True)

    def _read_other(self, payload: Json) -> Told:
        """A ping, and events yet to be invented, which may hold what can't be judged."""
        kind = str(payload["type"])
        text = words({name: value for name, value in payload.items() if name != "type"})
        if kind == "ping" and not text:
            return Told()
        return Told(((VOICE, kind, text),) if text else (), _ONLY, unread={VOICE: "other"})

    def _texts(self, index: int, text: str) -> tuple[tuple[int, str, str], ...]:
        return ((VOICE, f"{self._kinds[index]} {index}", text),) if text else ()


_READERS: Mapping[str, Callable[[AnthropicScribe, Json], Told]] = {
    "message_start": AnthropicScribe._read_message_start,
    "content_block_start": AnthropicScribe._read_start,
    "content_block_delta": AnthropicScribe._read_delta,
    "content_block_stop": AnthropicScribe._read_stop,
    "message_delta": AnthropicScribe._read_message_delta,
    "message_stop": AnthropicScribe._read_message_stop,
}


def anthropic(shown: Shown) -> Dialect:
    """Anthropic Messages."""
    return Dialect(
        name="anthropic",
        path_ends=("/messages",),
        stream_type=MEDIA_TYPE,
        read_request=read_request,
        read_reply=lambda body: read_reply(body, shown),
        write_reply=write_reply,
        write_error=write_error,
        decoder=EventDecoder,
        scribe=lambda exchange: AnthropicScribe(exchange, shown),
        redraft=BLOCKS,
    )
