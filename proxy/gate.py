"""Gate: what of one streamed reply may be released. Pure state; it neither waits nor writes.

Text comes in as it is written. The gate names the next passage to be judged; once told that it is
harmless, the text up to its end is cleared. `hold: sentence` judges as sentences end, each with a little
of what stands before it; `hold: reply` judges nothing before the end. When the reply is complete it is
judged once more as a whole, before its last passage is cleared: only then can it be said what is missing.
"""

from dataclasses import dataclass

from handrail.policies.policy import Hold
from handrail.proxy.sentences import sentence_ends

# Characters before a passage that are judged with it: about two sentences. A bound keeps the total work
# linear in the length of the reply, where judging each growing prefix would be quadratic.
LOOKBACK = 320


@dataclass(frozen=True, slots=True)
class Passage:
    """Text to be judged: from `start` to `end` of the reply. `whole` when it is the complete reply."""

    text: str
    start: int
    end: int
    whole: bool


class Gate:
    """The state of one reply (of one choice). Positions are in characters of the reply."""

    def __init__(self, hold: Hold, max_held: int) -> None:
        self._hold = hold
        self._max_held = max_held
        self._pieces: list[str] = []
        self._text = ""
        self._ends = [0]
        self.cleared = 0
        self.complete = False
        self.settled = False

    @property
    def text(self) -> str:
        """All that has been written so far."""
        if self._pieces:
            self._text += "".join(self._pieces)
            self._pieces.clear()
        return self._text

    @property
    def length(self) -> int:
        """Characters written so far."""
        return len(self.text)

    def write(self, text: str) -> int:
        """Take in more of the reply; give the position of its end."""
        self._pieces.append(text)
        return len(self._text) + sum(map(len, self._pieces))

    def finish(self) -> None:
        """Take note that the reply is complete."""
        self.complete = True

    def due(self) -> Passage | None:
        """The passage to judge next; None while there is nothing to judge."""
        if self.settled:
            return None
        if self.complete:
            return Passage(self.text, 0, self.length, whole=True)
        if self._hold == "reply":
            return None
        end = self._next_end()
        if end <= self.cleared:
            return None
        start = self._lookback()
        return Passage(self.text[start:end], start, end, whole=False)

    def clear(self, passage: Passage) -> None:
        """Take note that a passage was judged and may be released."""
        self.cleared = max(self.cleared, passage.end)
        self._ends.append(self.cleared)
        self.settled = passage.whole

    def close(self) -> None:
        """Take note that nothing more of this reply will be released."""
        self.settled = True

    def _next_end(self) -> int:
        """The last sentence end so far, or all there is once too much is held without one."""
        found = sentence_ends(self.text, self.cleared)
        if found:
            return found[-1]
        return self.length if self.length - self.cleared >= self._max_held else self.cleared

    def _lookback(self) -> int:
        """Where judging the next passage starts: the earliest judged end within reach."""
        return next((e for e in self._ends if e >= self.cleared - LOOKBACK), self.cleared)
