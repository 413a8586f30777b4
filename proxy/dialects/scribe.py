"""Scribe: what a dialect knows of its streams. It reads frames, and writes repairs in the same hand.

A stream carries one or more voices (the choices of an answer), each a reply that is judged by itself. The
scribe says which text a frame adds to which voice, and knows how to leave a voice out of a frame, to
add to it before its end, and to put another text in its place. It keeps what it needs for that, such as
the ids that later frames must repeat; it neither judges nor waits.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from handrail.proxy.dialects.payload import READ_ERRORS, Json, invalid_answer
from handrail.proxy.frame import Frame
from handrail.proxy.sse import is_silent

if TYPE_CHECKING:
    from handrail.proxy.dialects.dialect import Fault


# Parts of the names by which streams call what a model only thought.
THOUGHT = ("think", "reason", "summary")


@dataclass(frozen=True, slots=True)
class Told:
    """What a frame says.

    `texts` are (voice, channel, text); where the channel changes, a paragraph begins. `voices` are all that
    the frame belongs to, so that it waits for them; `waits` those whose verdict on the whole it waits for;
    `finishes` those whose text is complete with it, which it waits for as well. `unread` says what of a
    voice can't be judged. `done` ends the whole answer; `error` says that the upstream reported one;
    `answer` is the id of the answer, where it is told.
    """

    texts: tuple[tuple[int, str, str], ...] = ()
    voices: frozenset[int] = frozenset()
    finishes: frozenset[int] = frozenset()
    waits: frozenset[int] = frozenset()
    unread: Mapping[int, str] = field(default_factory=dict)
    done: bool = False
    error: bool = False
    answer: str | None = None


def read_event(frame: Frame, what: str, read: Callable[[Json], Told]) -> Told:
    """What a server-sent event says, by its payload.

    Raises UpstreamError naming `what` the answer should have been.
    """
    if frame.data is None:
        if not is_silent(frame):
            raise invalid_answer(what)
        return Told()
    try:
        return read(frame.payload())
    except READ_ERRORS as error:
        raise invalid_answer(what) from error


class SingleVoice:
    """What a scribe need not say whose answers have one voice and whose frames stand by themselves."""

    def without(self, frame: Frame, gone: frozenset[int]) -> Frame | None:
        """Nothing is left of a frame whose voice was replaced."""
        return None

    def pass_on(self, frame: Frame) -> bytes:
        """Its own bytes."""
        return frame.raw

    def takes_addition(self, frame: Frame) -> bool:
        """The last frame takes additions."""
        return True

    def terminal(self) -> bytes:
        """Nothing: the end came with the replacement."""
        return b""


class Scribe(Protocol):
    """One streamed answer of a dialect. Writing never fails for a frame that was read."""

    def read(self, frame: Frame) -> Told:
        """What a frame says. Raises UpstreamError when it is none of this dialect."""

    def without(self, frame: Frame, gone: frozenset[int]) -> Frame | None:
        """The frame without some voices; None when nothing of it is left."""

    def pass_on(self, frame: Frame) -> bytes:
        """The bytes of a frame that leaves: its own, unless an earlier repair must be kept up in it."""

    def takes_addition(self, frame: Frame) -> bool:
        """Whether what is added to the voices that a frame finishes is said with this frame."""

    def finish_with(self, frame: Frame, additions: Mapping[int, str]) -> bytes:
        """A frame that takes additions, with them said before the end of their voices."""

    def say(self, voice: int, text: str) -> bytes:
        """An addition to a voice whose end the upstream never sent."""

    def replace(self, voice: int, text: str, *, begun: bool) -> bytes:
        """A text in a voice's place, and the voice's end; `begun` when some of it has been sent."""

    def terminal(self) -> bytes:
        """What ends an answer whose voices were all replaced."""

    def failure(self, fault: "Fault") -> bytes:
        """What tells the client that the answer broke off; empty where the format has no word for it."""
