"""OpenAI Chat Completions, streamed: chunks as server-sent events, one voice a choice."""

from collections.abc import Iterator, Mapping

from handrail.proxy.dialects.dialect import Dialect, Fault
from handrail.proxy.dialects.openai_chat import (
    WHAT,
    index_of,
    read_reply,
    read_request,
    texts_of_choice,
    unread_of,
    write_error,
    write_reply,
)
from handrail.proxy.dialects.payload import Json, dump
from handrail.proxy.dialects.scribe import Told, read_event
from handrail.proxy.frame import Frame
from handrail.proxy.sse import MEDIA_TYPE, EventDecoder, encode

DONE = "[DONE]"


class OpenAiScribe:
    """Reads and writes chunks. `exchange` names the exchange in those that repair."""

    def __init__(self, exchange: str) -> None:
        self._mark = {"handrail": {"exchange": exchange}}
        self._pattern: Json = {"object": "chat.completion.chunk"}
        # The last chunk so far that finishes each choice: some servers finish every chunk.
        self._last: dict[int, Frame] = {}

    def read(self, frame: Frame) -> Told:
        """What a chunk says. Raises UpstreamError when it is none."""
        if frame.data is not None and frame.data.strip() == DONE:
            return Told(done=True)
        return read_event(frame, WHAT, lambda payload: self._read(frame, payload))

    def without(self, frame: Frame, gone: frozenset[int]) -> Frame | None:
        """The chunk without the choices that were replaced."""
        payload = frame.payload()
        kept = [choice for index, choice in _choices(payload) if index not in gone]
        if not kept and not payload.get("usage"):
            return None
        data = dump({**payload, "choices": kept})
        left = Frame(encode(data), data)
        self._last = {voice: left if last is frame else last for voice, last in self._last.items()}
        return left

    def pass_on(self, frame: Frame) -> bytes:
        """Its own bytes: each frame stands by itself."""
        return frame.raw

    def takes_addition(self, frame: Frame) -> bool:
        """The last chunk that finishes a choice."""
        return any(last is frame for last in self._last.values())

    def finish_with(self, frame: Frame, additions: Mapping[int, str]) -> bytes:
        """A finishing chunk split: its text first, then what is added, then its end."""
        opening, ending = frame.payload(), frame.payload()
        out = bytearray()
        for choice in opening["choices"]:
            choice["finish_reason"] = None
            choice.pop("logprobs", None)
        opening.pop("usage", None)
        if any(choice.get("delta") for choice in opening["choices"]):
            out += encode(dump(opening))
        for index in sorted(additions):
            out += self.say(index, additions[index])
        for choice in ending["choices"]:
            choice["delta"] = {}
            choice.pop("logprobs", None)
        return bytes(out + encode(dump(ending)))

    def say(self, voice: int, text: str) -> bytes:
        """A chunk that adds text to a choice."""
        return self._chunk(voice, {"content": text}, None)

    def replace(self, voice: int, text: str, *, begun: bool) -> bytes:
        """A chunk with the text in a choice's place, and one that ends it."""
        delta = {"content": text} if begun else {"role": "assistant", "content": text}
        return self._chunk(voice, delta, None) + self._chunk(voice, {}, "stop")

    def terminal(self) -> bytes:
        """The event that ends every answer."""
        return encode(DONE)

    def failure(self, fault: Fault) -> bytes:
        """An error event."""
        return encode(write_error(fault).decode())

    def _read(self, frame: Frame, payload: Json) -> Told:
        texts: list[tuple[int, str, str]] = []
        voices: set[int] = set()
        ends: set[int] = set()
        unread: dict[int, str] = {}
        for index, choice in _choices(payload):
            texts += [(index, channel, text) for channel, text in texts_of_choice(choice)]
            voices.add(index)
            if choice.get("finish_reason"):
                ends.add(index)
                self._last[index] = frame
            if reason := unread_of(choice):
                unread[index] = reason
        if voices:
            self._pattern = {k: payload[k] for k in ("id", "object", "created", "model") if k in payload}
        # A choice is complete when the answer is: some servers go on after a finish reason.
        return Told(
            tuple(texts),
            frozenset(voices),
            waits=frozenset(ends),
            unread=unread,
            error=bool(payload.get("error")),
        )

    def _chunk(self, index: int, delta: Json, finish: str | None) -> bytes:
        choice = {"index": index, "delta": delta, "finish_reason": finish}
        return encode(dump({**self._pattern, "choices": [choice], **self._mark}))


def _choices(payload: Json) -> Iterator[tuple[int, Json]]:
    for at, choice in enumerate(payload.get("choices") or ()):
        yield index_of(choice, at), choice


OPENAI_CHAT = Dialect(
    name="openai_chat",
    path_ends=("/chat/completions",),
    stream_type=MEDIA_TYPE,
    read_request=read_request,
    read_reply=read_reply,
    write_reply=write_reply,
    write_error=write_error,
    decoder=EventDecoder,
    scribe=OpenAiScribe,
)
