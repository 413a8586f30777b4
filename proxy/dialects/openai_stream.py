"""OpenAI Chat Completions, streamed: events held until their text is judged, then passed on unchanged.

Events leave in the order they came, each with its own bytes, as soon as all the text in it is cleared by
the gate of its choice. Only where a decision changes a reply are events dropped or written anew.
"""

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from handrail.policies.decision import Action, Decision
from handrail.policies.policy import Hold
from handrail.proxy.dialects.openai_chat import (
    READ_ERRORS,
    Json,
    dump,
    index_of,
    invalid_reply,
    texts_of,
    unread_of,
    write_error,
)
from handrail.proxy.gate import Gate, Passage
from handrail.proxy.sse import ServerSentEvent, encode

DONE = "[DONE]"

# How lines may begin that carry no data: comments, and fields that show nothing to a person.
_SILENT = (b":", b"event:", b"id:", b"retry:")


@dataclass(frozen=True, slots=True)
class _Held:
    """An event in wait: where its text ends in each choice, and the choices it finishes."""

    raw: bytes
    data: str = ""
    ends: dict[int, int] = field(default_factory=dict)
    finishes: frozenset[int] = frozenset()

    @property
    def done(self) -> bool:
        return self.data == DONE

    def payload(self) -> Json:
        """The data, read again: few events are ever rewritten, and parsed ones take much memory."""
        payload: Json = json.loads(self.data)
        return payload


@dataclass(slots=True)
class _Voice:
    """One choice: its gate, how much of it has left, and what is still to be said after it."""

    gate: Gate
    released: int = 0
    channel: str | None = None
    addition: str = ""
    replaced: bool = False
    unread: str | None = None


class ChatStream:
    """The state of one streamed answer. Pure: events in, passages to judge and bytes to send out."""

    def __init__(self, hold: Hold, max_held: int, count: int, exchange: str) -> None:
        """`count` is the number of choices asked for; `exchange` names this exchange in repaired chunks."""
        self._hold = hold
        self._max_held = max_held
        self._count = count
        self._mark = {"handrail": {"exchange": exchange}}
        self._queue: deque[_Held] = deque()
        self._out = bytearray()
        self._voices: dict[int, _Voice] = {}
        self._pattern: Json = {"object": "chat.completion.chunk"}
        self._done_seen = False
        self._error_seen = False

    @property
    def over(self) -> bool:
        """Whether every choice was replaced, so that nothing more is wanted from upstream."""
        return len(self._voices) >= self._count and all(v.replaced for v in self._voices.values())

    @property
    def choices(self) -> dict[int, str | None]:
        """The choices so far, each with a reason if something of it can't be judged."""
        return {index: voice.unread for index, voice in self._voices.items()}

    def text(self, index: int) -> str:
        """All text of a choice so far, as the model wrote it."""
        return self._voices[index].gate.text

    def receive(self, event: ServerSentEvent) -> None:
        """Take in an event. Raises UpstreamError when it is no chat completion chunk."""
        if event.data is None:
            lines = event.raw.removeprefix(b"\xef\xbb\xbf").splitlines()
            if not all(line.startswith(_SILENT) for line in lines if line):
                raise invalid_reply()
            self._queue.append(_Held(event.raw))
        elif event.data.strip() == DONE:
            self._done_seen = True
            self._finish_all()
            self._queue.append(_Held(event.raw, DONE))
        else:
            self._queue.append(self._read(event.raw, event.data))

    def end(self) -> None:
        """Take note that the upstream has ended. Raises UpstreamError when it never said anything."""
        if not self._voices and not self._error_seen:
            raise invalid_reply()
        self._finish_all()

    def due(self) -> list[tuple[int, Passage]]:
        """The passages to judge now, at most one a choice."""
        found = ((index, voice.gate.due()) for index, voice in self._voices.items())
        return [(index, passage) for index, passage in found if passage is not None]

    def resolve(self, index: int, passage: Passage, decision: Decision) -> str:
        """Apply a decision on a passage; give what of the choice will have been delivered.

        Of a part, only a replacement acts at once. Anything else that a rule finds in a part holds the
        rest back until the whole is judged, so that nothing flagged leaves before it is on record.
        """
        voice = self._voices[index]
        if decision.action == Action.REPLACE:
            return self._replace(index, voice, decision.text)
        if decision.flagged and not passage.whole:
            voice.gate.hold_rest()
            return voice.gate.text
        voice.gate.clear(passage)
        if passage.whole and decision.action == Action.APPEND:
            voice.addition = decision.addition if voice.gate.text.strip() else decision.text
        return voice.gate.text + voice.addition

    def pass_unread(self, index: int, passage: Passage) -> None:
        """Let a choice go that has nothing to judge in it, such as a call of a tool."""
        self._voices[index].gate.clear(passage)

    def take(self) -> bytes:
        """The bytes that may be sent now; they are not given again."""
        self._release_ready()
        taken, self._out = bytes(self._out), bytearray()
        return taken

    def close(self) -> bytes:
        """The last bytes, once everything is judged: additions not yet said, and the terminal event."""
        self._release_ready()
        self._say_all()
        if self.over and not self._done_seen:
            self._out += encode(DONE)
        return self.take()

    def abort(self, message: str, code: str) -> bytes:
        """What tells the client that the answer broke off; held text is dropped, unjudged as it is."""
        self._queue.clear()
        return self.take() + encode(write_error(message, "upstream_error", code).decode())

    def _read(self, raw: bytes, data: str) -> _Held:
        ends: dict[int, int] = {}
        finishes: set[int] = set()
        try:
            payload = json.loads(data)
            self._error_seen = self._error_seen or "error" in payload
            for index, choice in _choices(payload):
                ends[index] = self._take_in(index, choice)
                if choice.get("finish_reason"):
                    finishes.add(index)
                    self._voices[index].gate.finish()
        except READ_ERRORS as error:
            raise invalid_reply() from error
        if ends:
            self._pattern = {k: payload[k] for k in ("id", "object", "created", "model") if k in payload}
        return _Held(raw, data, ends, frozenset(finishes))

    def _take_in(self, index: int, choice: Json) -> int:
        """Take in the text of a choice of a chunk; give the position of its end."""
        voice = self._voices.setdefault(index, _Voice(Gate(self._hold, self._max_held)))
        delta = choice.get("delta") or choice.get("message") or {}
        voice.unread = voice.unread or unread_of(delta)
        if voice.replaced:
            return 0
        for channel, text in texts_of(delta):
            if voice.gate.settled:
                raise ValueError("text after the end of a reply")
            between = "\n\n" if voice.channel not in {None, channel} else ""
            voice.channel = channel
            voice.gate.write(between + text)
        return voice.gate.length

    def _finish_all(self) -> None:
        for voice in self._voices.values():
            voice.gate.finish()

    def _replace(self, index: int, voice: _Voice, text: str) -> str:
        self._release_ready()
        said = voice.gate.text[: voice.released]
        voice.gate.close()
        voice.replaced = True
        repair = f"\n\n{text}" if said.strip() else text
        delta = {"content": repair} if said else {"role": "assistant", "content": repair}
        self._out += encode(self._chunk(index, delta, None))
        self._out += encode(self._chunk(index, {}, "stop"))
        return said + repair

    def _release_ready(self) -> None:
        while self._queue and self._releasable(self._queue[0]):
            self._release(self._queue.popleft())

    def _releasable(self, held: _Held) -> bool:
        if held.done:
            return all(v.gate.settled for v in self._voices.values())
        return all(self._cleared(index, held) for index in held.ends)

    def _cleared(self, index: int, held: _Held) -> bool:
        voice = self._voices[index]
        if voice.replaced:
            return True
        ended = voice.gate.settled or index not in held.finishes
        return ended and voice.gate.cleared >= held.ends[index]

    def _release(self, held: _Held) -> None:
        for index, end in held.ends.items():
            self._voices[index].released = end
        kept = self._without_replaced(held)
        if kept is None:
            return
        if kept.done:
            self._say_all()
        if any(self._voices[index].addition for index in kept.finishes):
            self._write_with_additions(kept)
        else:
            self._out += kept.raw

    def _without_replaced(self, held: _Held) -> _Held | None:
        """The event without the choices that were replaced; None when nothing of it is left."""
        gone = {index for index in held.ends if self._voices[index].replaced}
        if not gone:
            return held
        payload = held.payload()
        kept = [choice for index, choice in _choices(payload) if index not in gone]
        if not kept and not payload.get("usage"):
            return None
        data = dump({**payload, "choices": kept})
        ends = {index: end for index, end in held.ends.items() if index not in gone}
        return replace(held, raw=encode(data), data=data, ends=ends, finishes=held.finishes - gone)

    def _write_with_additions(self, held: _Held) -> None:
        """Split a finishing chunk: its text first, then what is added, then its end."""
        opening, ending = held.payload(), held.payload()
        for choice in opening["choices"]:
            choice["finish_reason"] = None
            choice.pop("logprobs", None)
        opening.pop("usage", None)
        if any(choice.get("delta") for choice in opening["choices"]):
            self._out += encode(dump(opening))
        for index in sorted(held.finishes):
            self._say(index, self._voices[index])
        for choice in ending["choices"]:
            choice["delta"] = {}
            choice.pop("logprobs", None)
        self._out += encode(dump(ending))

    def _say_all(self) -> None:
        for index, voice in self._voices.items():
            self._say(index, voice)

    def _say(self, index: int, voice: _Voice) -> None:
        if voice.addition:
            self._out += encode(self._chunk(index, {"content": voice.addition}, None))
        voice.addition = ""

    def _chunk(self, index: int, delta: Json, finish: str | None) -> str:
        choice = {"index": index, "delta": delta, "finish_reason": finish}
        return dump({**self._pattern, "choices": [choice], **self._mark})


def _choices(payload: Json) -> Iterator[tuple[int, Json]]:
    for at, choice in enumerate(payload.get("choices") or ()):
        yield index_of(choice, at), choice
