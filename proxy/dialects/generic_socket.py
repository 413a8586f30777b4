"""Generic, over WebSockets: text messages of home-made backends, read where the same pointers say.

A message is a whole reply when it has words where `reply` points. Where it has words where `delta` points it
is a piece of one, up to the message that `finish` or `done` tells; a backend that has neither ends with each.
The pointer "" stands for the message itself, which then is plain text.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jsonpointer import JsonPointer, JsonPointerException

from handrail.classifiers.exchange import Message
from handrail.proxy.dialects.dialect import Fault
from handrail.proxy.dialects.generic import VOICE, GenericMapping, read_history, with_text, with_value
from handrail.proxy.dialects.payload import READ_ERRORS, Json, beyond, dump, invalid_answer
from handrail.proxy.dialects.scribe import SingleVoice, Told
from handrail.proxy.frame import Frame
from handrail.proxy.messages import pack
from handrail.proxy.strict_json import loads

_ONLY = frozenset({VOICE})


@dataclass(frozen=True, slots=True)
class Heard:
    """What a message of the upstream says: a piece of a reply, a whole one, and whether it ends there."""

    delta: str = ""
    whole: str = ""
    ends: bool = False

    @property
    def speaks(self) -> bool:
        """Whether it has words for the person."""
        return bool(self.delta or self.whole)


def hear(mapping: GenericMapping, data: str) -> Heard | None:
    """Read a message of the upstream; None for one that can't be read."""
    if mapping.done is not None and data.strip() == mapping.done:
        return Heard(ends=True)
    try:
        payload = _payload(data, mapping.delta, mapping.reply)
        delta, whole = _text(payload, data, mapping.delta), _text(payload, data, mapping.reply)
        last = bool(mapping.finish and JsonPointer(mapping.finish).resolve(payload, None))
    except (*READ_ERRORS, JsonPointerException):
        return None
    if mapping.reply == mapping.delta:
        delta, whole = (delta, "") if mapping.in_pieces else ("", whole)
    return Heard(delta, whole, last or bool(whole) or (bool(delta) and not mapping.in_pieces))


def heed(mapping: GenericMapping, data: str) -> tuple[list[Message] | None, str | None] | None:
    """Read a message of the client: the history if it brings one, and the words; None if it can't be read.

    Raises RequestError for a history of another shape than the mapping says.
    """
    try:
        payload = _payload(data, mapping.text, mapping.history)
        text = _text(payload, data, mapping.text) if mapping.text is not None else ""
        found = JsonPointer(mapping.history).resolve(payload, None) if mapping.history else None
    except (*READ_ERRORS, JsonPointerException):
        return None
    history = read_history(mapping, payload) if found is not None else None
    return history, text or None


class SocketScribe(SingleVoice):
    """Reads and writes the messages of one reply."""

    def __init__(self, mapping: GenericMapping) -> None:
        self._mapping = mapping
        self._pieces = ""
        self._sent = ""
        # The last messages with a piece, and with a whole reply: what ours are modelled on.
        self._patterns: dict[str, Json] = {}

    def read(self, frame: Frame) -> Told:
        """What a message says; one without data is one that can't be read. Raises UpstreamError."""
        if frame.data is None:
            return Told((), _ONLY, unread={VOICE: "binary"})
        heard = hear(self._mapping, frame.data)
        if heard is None:
            raise invalid_answer("what its mapping says")
        self._keep(heard, frame.data)
        rest = beyond(self._pieces + heard.delta, heard.whole) if heard.whole else ""
        self._pieces += heard.delta
        texts = tuple((VOICE, "text", text) for text in (heard.delta, rest) if text)
        voices = _ONLY if heard.speaks or heard.ends else frozenset()
        return Told(texts, voices, _ONLY if heard.ends else frozenset())

    def pass_on(self, frame: Frame) -> bytes:
        """Its own bytes. What pieces have left is noted: a whole reply written anew repeats them."""
        heard = hear(self._mapping, frame.data) if frame.data is not None else None
        self._sent += heard.delta if heard else ""
        return frame.raw

    def finish_with(self, frame: Frame, additions: Mapping[int, str]) -> bytes:
        """The last message: its piece first, then what is added, then its end, or all in a whole reply."""
        data, addition = frame.data or "", additions[VOICE]
        heard = hear(self._mapping, data) or Heard()
        if heard.whole:
            more = self.say(VOICE, heard.delta + addition) if self._pieces else b""
            return more + self._write(self._mapping.reply, heard.whole + addition, data)
        if not heard.delta:
            return self.say(VOICE, addition) + frame.raw
        if not self._mapping.in_pieces:
            return self._write(self._mapping.delta, heard.delta + addition, data)
        said = self.say(VOICE, heard.delta) + self.say(VOICE, addition)
        return said + self._write(self._mapping.delta, "", data)

    def say(self, voice: int, text: str) -> bytes:
        """A message that adds words: a piece, or a reply of its own where no pieces came."""
        self._sent += text
        pointer = self._mapping.delta if self._in_pieces() else self._mapping.reply
        return self._write(pointer, text)

    def replace(self, voice: int, text: str, *, begun: bool) -> bytes:
        """The text in the reply's place, and the end that this backend sends."""
        if not self._in_pieces():
            return self._write(self._mapping.reply, text)
        out = self.say(voice, text)
        if self._mapping.finish:
            end = with_text(self._patterns.get(self._mapping.delta, {}), self._mapping.delta, "")
            out += pack(dump(with_value(end, self._mapping.finish, True)))
        elif self._mapping.done:
            out += pack(self._mapping.done)
        elif self._mapping.reply in self._patterns:
            out += self._write(self._mapping.reply, self._sent)
        return out

    def failure(self, fault: Fault) -> bytes:
        """An error, as a message."""
        return pack(dump({"error": fault.message}))

    def _in_pieces(self) -> bool:
        return bool(self._pieces) or self._mapping.in_pieces

    def _keep(self, heard: Heard, data: str) -> None:
        for pointer, text in ((self._mapping.delta, heard.delta), (self._mapping.reply, heard.whole)):
            if text and pointer:
                self._patterns[pointer] = json.loads(data)

    def _write(self, pointer: str, text: str, data: str | None = None) -> bytes:
        """A message with a text at a pointer, modelled on `data` or on the last of its kind."""
        if not pointer:
            return pack(text)
        pattern = json.loads(data) if data is not None else self._patterns.get(pointer, {})
        return pack(dump(with_text(pattern, pointer, text)))


def _payload(data: str, *pointers: str | None) -> Any:
    """A message as JSON; one that is none may be plain text where a pointer says so."""
    try:
        return loads(data)
    except (ValueError, RecursionError):
        if "" in pointers:
            return None
        raise


def _text(payload: Any, data: str, pointer: str) -> str:
    """The words at a pointer, empty for none. Raises TypeError for anything else there."""
    if not pointer:
        return data
    found = JsonPointer(pointer).resolve(payload, None) if isinstance(payload, dict | list) else None
    if found is not None and not isinstance(found, str):
        raise TypeError("words must be a string")
    return found or ""
