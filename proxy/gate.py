"""Gate: what of one streamed reply may be released. Pure state; it neither waits nor writes.

Text comes in as it is written. The gate names the next passage to be judged; once told that it is
harmless, the text up to its end is cleared. `hold: sentence` judges as sentences end, each with a little
of what stands before it; `hold: reply` judges nothing before the end; `hold: none` clears all at once. When
the reply is complete it is judged once more as a whole, before its last passage is cleared: only then can
it be said what is missing.

A passage may be put off, to be judged together with what follows. But once too much is held, or for too
long, it must be dealt with, and where no sentence has ended the text is cut where it stands.
"""

from dataclasses import dataclass

from handrail.classifiers.progress import LOOKBACK
from handrail.classifiers.sentences import sentence_ends
from handrail.policies.policy import Hold


@dataclass(frozen=True, slots=True)
class Passage:
    """Text to be judged: from `start` to `end` of the reply. `whole` when it is the complete reply.

    `forced` says that it can't be put off, `cut` that no sentence ends where it does.
    """

    text: str
    start: int
    end: int
    whole: bool
    forced: bool = False
    cut: bool = False


class Gate:
    """The state of one reply (of one choice). Positions are in characters of the reply."""

    def __init__(self, hold: Hold, max_held: int) -> None:
        self._hold = hold
        self._max_held = max_held
        self._pieces: list[str] = []
        self._unseen: list[str] = []
        # The text from the start of the next lookback on: all that the search for sentences needs.
        self._tail = ""
        self._ends = [0]
        self.length = 0
        self.cleared = 0
        self._put_off = 0
        self._hurried = False
        self.complete = False
        self.settled = False

    @property
    def text(self) -> str:
        """All that has been written so far."""
        self._pieces = ["".join(self._pieces)]
        return self._pieces[0]

    def write(self, text: str) -> int:
        """Take in more of the reply; give the position of its end."""
        self._pieces.append(text)
        self._unseen.append(text)
        self.length += len(text)
        if self._hold == "none":
            self.cleared = self.length
        return self.length

    def finish(self) -> None:
        """Take note that the reply is complete."""
        self.complete = True

    def hold_rest(self) -> None:
        """Hold back everything from here on until the reply is judged as a whole."""
        self._hold = "reply"

    @property
    def waiting(self) -> bool:
        """Whether text is held that could leave before the reply is complete."""
        return self._hold == "sentence" and not self.settled and self.length > self.cleared

    def hurry(self) -> None:
        """Take note that text has been held for too long."""
        self._hurried = self.waiting

    def put_off(self, passage: Passage) -> None:
        """Take note that a passage is to be judged with what follows it."""
        self._put_off = passage.end

    def due(self) -> Passage | None:
        """The passage to judge next; None while there is nothing to judge."""
        if self.settled:
            return None
        if self.complete:
            return Passage(self.text, 0, self.length, whole=True)
        if self._hold != "sentence":
            return None
        self._tail += "".join(self._unseen)
        self._unseen.clear()
        start, end = self._ends[0], self._last_end()
        forced = self._hurried or self.length - self.cleared >= self._max_held
        cut = forced and end == self.cleared
        end = self.length if cut else end
        if end <= (self.cleared if forced else max(self.cleared, self._put_off)):
            return None
        return Passage(self._tail[: end - start], start, end, whole=False, forced=forced, cut=cut)

    def clear(self, passage: Passage) -> None:
        """Take note that a passage was judged and may be released."""
        self.cleared = max(self.cleared, passage.end)
        self._hurried = False
        self.settled = passage.whole
        start = self._ends[0]
        self._ends = [e for e in (*self._ends, self.cleared) if e >= self.cleared - LOOKBACK]
        self._tail = self._tail[self._ends[0] - start :]

    def close(self) -> None:
        """Take note that nothing more of this reply will be released."""
        self.settled = True

    def _last_end(self) -> int:
        """The last sentence end so far."""
        start = self._ends[0]
        found = sentence_ends(self._tail, self.cleared - start)
        return start + found[-1] if found else self.cleared
