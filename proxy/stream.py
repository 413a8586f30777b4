"""Stream: frames of an answer held until their text is judged, then passed on unchanged.

Frames leave in the order they came, each with its own bytes, as soon as all the text in it is cleared by
the gate of its voice. Only where a decision changes a reply are frames dropped or written anew, by the
scribe of the dialect.
"""

from collections import deque
from dataclasses import dataclass

from handrail.classifiers.errors import UpstreamError
from handrail.policies.decision import Action, Decision
from handrail.policies.policy import Hold
from handrail.proxy.dialects.dialect import Fault
from handrail.proxy.dialects.scribe import THOUGHT, Scribe, Told
from handrail.proxy.frame import Frame
from handrail.proxy.gate import Gate, Passage


@dataclass(frozen=True, slots=True)
class _Held:
    """A frame in wait: where its text ends in each of its voices, and whose end it waits for."""

    frame: Frame
    ends: dict[int, int]
    waits: frozenset[int]
    done: bool
    error: bool


@dataclass(slots=True)
class _Voice:
    """One reply: its gate, how much of it has left, and what is still to be said after it."""

    gate: Gate
    released: int = 0
    channel: str | None = None
    # Where what the model only thought ends.
    thought: int = 0
    addition: str = ""
    replaced: bool = False
    unread: str | None = None


class ReplyStream:
    """The state of one streamed answer. Pure: frames in, passages to judge and bytes to send out."""

    def __init__(self, scribe: Scribe, hold: Hold, max_held: int, count: int) -> None:
        """`count` is the number of voices asked for."""
        self._scribe = scribe
        self._hold = hold
        self._max_held = max_held
        self._count = count
        self._queue: deque[_Held] = deque()
        self._out = bytearray()
        self._voices: dict[int, _Voice] = {}
        self._done_seen = False
        self._error_seen = False
        self.answer: str | None = None

    @property
    def observes(self) -> bool:
        """Whether all leaves at once and unchanged, and is only judged for the record."""
        return self._hold == "none"

    @property
    def waiting(self) -> bool:
        """Whether text is held that could leave before its reply is complete."""
        return any(v.gate.waiting for v in self._voices.values())

    @property
    def cleared(self) -> int:
        """Characters that have been let go, of all voices together."""
        return sum(v.gate.cleared for v in self._voices.values())

    def hurry(self) -> None:
        """Take note that text has been held for too long."""
        for voice in self._voices.values():
            voice.gate.hurry()

    def put_off(self, index: int, passage: Passage) -> None:
        """Judge a passage together with what follows it."""
        self._voices[index].gate.put_off(passage)

    @property
    def over(self) -> bool:
        """Whether every voice was replaced, so that nothing more is wanted from upstream."""
        return len(self._voices) >= self._count and all(v.replaced for v in self._voices.values())

    @property
    def repaired(self) -> bool:
        """Whether any voice was replaced, so that what follows in it must stay back."""
        return any(v.replaced for v in self._voices.values())

    @property
    def untouched(self) -> bool:
        """Whether there is one voice and nothing of it is cleared, so that another may take its place."""
        return len(self._voices) == 1 and not any(v.gate.cleared for v in self._voices.values())

    @property
    def voices(self) -> dict[int, str | None]:
        """The voices so far, each with a reason if something of it can't be judged."""
        return {index: voice.unread for index, voice in self._voices.items()}

    def text(self, index: int) -> str:
        """All text of a voice so far, as the model wrote it."""
        return self._voices[index].gate.text

    def receive(self, frame: Frame) -> None:
        """Take in a frame. Raises UpstreamError when it is none of its dialect."""
        told = self._scribe.read(frame)
        self.answer = told.answer or self.answer
        ends = {index: self._voice(index).gate.length for index in sorted(told.voices)}
        for index, channel, text in told.texts:
            ends[index] = self._write(self._voice(index), channel, text)
        for index, reason in told.unread.items():
            self._voice(index).unread = self._voice(index).unread or reason
        self._finish(told)
        self._queue.append(_Held(frame, ends, told.finishes | told.waits, told.done, told.error))

    def end(self) -> None:
        """Take note that the upstream has ended. Raises UpstreamError when it never said anything."""
        if not self._voices and not self._error_seen:
            raise silent_answer()
        self._finish_all()

    def due(self) -> list[tuple[int, Passage]]:
        """The passages to judge now, at most one a voice."""
        found = ((index, voice.gate.due()) for index, voice in self._voices.items())
        return [(index, passage) for index, passage in found if passage is not None]

    def resolve(self, index: int, passage: Passage, decision: Decision) -> str:
        """Apply a decision on a passage; give what of the voice will have been delivered.

        Of a part, only a replacement acts at once. Anything else that a rule finds in a part holds the
        rest back until the whole is judged, so that nothing flagged leaves before it is on record.
        """
        voice = self._voices[index]
        if self.observes:
            voice.gate.clear(passage)
            return decision.delivered(voice.gate.text)
        if decision.replaces:
            return self._replace(index, voice, decision.text)
        if decision.flagged and not passage.whole:
            voice.gate.hold_rest()
            return voice.gate.text
        if decision.corrections:
            return self._correct(index, voice, passage, decision)
        voice.gate.clear(passage)
        if passage.whole and decision.action == Action.APPEND:
            voice.addition = decision.addition if voice.gate.text.strip() else decision.text
        return voice.gate.text + voice.addition

    def pass_unread(self, index: int, passage: Passage) -> None:
        """Let a voice go that has nothing to judge in it, such as a call of a tool."""
        self._voices[index].gate.clear(passage)

    def take(self) -> bytes:
        """The bytes that may be sent now; they are not given again."""
        self._release_ready()
        taken, self._out = bytes(self._out), bytearray()
        return taken

    def close(self) -> bytes:
        """The last bytes, once everything is judged: additions not yet said, and the terminal frame."""
        self._release_ready()
        self._say_all()
        if self.over and not self._done_seen:
            self._out += self._scribe.terminal()
        return self.take()

    def surrender(self) -> bytes:
        """All that is held, unjudged as it is: for an answer that can't be read and may pass so."""
        held, self._queue = self._queue, deque()
        return self.take() + b"".join(self._scribe.pass_on(one.frame) for one in held)

    def abort(self, fault: Fault) -> tuple[bytes, bytes]:
        """The last bytes, and what tells the client that the answer broke off; empty where nothing can.

        Held text is dropped, unjudged as it is.
        """
        self._queue.clear()
        return self.take(), self._scribe.failure(fault)

    def _voice(self, index: int) -> _Voice:
        return self._voices.setdefault(index, _Voice(Gate(self._hold, self._max_held)))

    def _write(self, voice: _Voice, channel: str, text: str) -> int:
        """Take in text of a voice; give the position of its end."""
        if voice.replaced:
            return 0
        if voice.gate.settled:
            raise UpstreamError("The model server went on after the end of a reply.", 502, "upstream_invalid")
        between = "\n\n" if voice.channel not in {None, channel} else ""
        voice.channel = channel
        end = voice.gate.write(between + text)
        if any(part in channel for part in THOUGHT):
            voice.thought = end
        return end

    def _finish(self, told: Told) -> None:
        self._error_seen = self._error_seen or told.error
        for index in told.finishes:
            self._voices[index].gate.finish()
        self._done_seen = self._done_seen or told.done
        if told.done or told.error:
            # After an error nothing more is said, and what is missing must be added before it.
            self._finish_all()

    def _finish_all(self) -> None:
        for voice in self._voices.values():
            voice.gate.finish()

    def _replace(self, index: int, voice: _Voice, text: str) -> str:
        self._release_ready()
        said = voice.gate.text[: voice.released]
        voice.gate.close()
        voice.replaced = True
        repair = f"\n\n{text}" if said.strip() else text
        self._out += self._scribe.replace(index, repair, begun=bool(said))
        return said + repair

    def _correct(self, index: int, voice: _Voice, passage: Passage, decision: Decision) -> str:
        """Say what is left of a voice with what is wrong in it put right."""
        self._release_ready()
        text = voice.gate.text
        start = max(voice.released, voice.thought)
        rest = decision.delivered(text[start:])
        if rest == text[start:] + decision.addition:
            # What is wrong has left already: what is right can only follow it.
            puts = "".join(f"\n\n{one.put.strip()}" for one in decision.corrections)
            voice.addition = puts + decision.addition
            voice.gate.clear(passage)
            return text + voice.addition
        voice.gate.close()
        voice.replaced = True
        self._out += self._scribe.replace(index, rest, begun=voice.released > 0)
        return text[:start] + rest

    def _release_ready(self) -> None:
        while self._queue and self._releasable(self._queue[0]):
            self._release(self._queue.popleft())

    def _releasable(self, held: _Held) -> bool:
        if self.observes:
            return True
        if (held.done or held.error) and not all(v.gate.settled for v in self._voices.values()):
            return False
        return all(self._cleared(index, held) for index in held.ends)

    def _cleared(self, index: int, held: _Held) -> bool:
        voice = self._voices[index]
        if voice.replaced:
            return True
        ended = voice.gate.settled or index not in held.waits
        return ended and voice.gate.cleared >= held.ends[index]

    def _release(self, held: _Held) -> None:
        for index, end in held.ends.items():
            self._voices[index].released = end
        gone = frozenset(index for index in held.ends if self._voices[index].replaced)
        frame = self._scribe.without(held.frame, gone) if gone else held.frame
        if frame is None or (held.error and self.over):
            return
        additions = {i: self._voices[i].addition for i in held.waits - gone if self._voices[i].addition}
        if additions and self._scribe.takes_addition(frame):
            self._out += self._scribe.finish_with(frame, additions)
            self._said(additions)
            return
        if held.done or held.error:
            self._say_all()
        self._out += self._scribe.pass_on(frame)

    def _said(self, indices: dict[int, str]) -> None:
        for index in indices:
            self._voices[index].addition = ""

    def _say_all(self) -> None:
        for index, voice in self._voices.items():
            if voice.addition:
                self._out += self._scribe.say(index, voice.addition)
            voice.addition = ""


def silent_answer() -> UpstreamError:
    """The error for a stream that ended without a word of its dialect."""
    return UpstreamError("The model server's answer held no reply.", 502, "upstream_invalid")
