"""Progress: one reply read while it is being written.

The windows of the whole reply are read as they fill, each once, and kept for the reading of the whole. What
stands after the last of them is read in stretches, when they can be afforded: a stretch will be read again in
its window, so all stretches together may cost no more than the whole reply so far, or a share of that. The
first stretch is always read, for somebody waits for it. So the work for a reply, stretches and all, is at
most twice that of reading it once, whatever its length; a caller who will not wait may force a stretch that
this forbids.
"""

from dataclasses import dataclass, replace

from handrail.classifiers.assessment import BehaviourReading, Span
from handrail.classifiers.assessor import Assessor
from handrail.classifiers.encoder import Reading
from handrail.classifiers.exchange import Conversation, Exchange
from handrail.classifiers.windows import Window

# Characters before a stretch that are judged with it: about two sentences. A bound keeps the total work
# linear in the length of the reply, where judging each growing prefix would be quadratic.
LOOKBACK = 320

# What stretches may cost, as a share of the whole: little enough that the time is not doubled either.
SHARE = 0.75

# Characters that a token takes at least, in scripts with spaces: half of what it mostly does.
_CHARACTERS = 2


@dataclass(frozen=True, slots=True)
class Stretch:
    """Text of a reply from `start` to `end`, in characters. The end is where a sentence ends, or must do."""

    text: str
    start: int
    end: int


class Progress:
    """The readings of one reply so far, and what they cost. Not thread-safe: one reading at a time."""

    def __init__(self, assessor: Assessor, conversation: Conversation, share: float = SHARE) -> None:
        """`share` is what all stretches together may cost, as a share of the whole reply so far."""
        self._share = share
        self._assessor = assessor
        self.conversation = conversation
        self._readings: dict[tuple[int, ...], Reading] = {}
        # The reply from the word on in which its next window begins, that word's place in it, and how many
        # of its tokens belong to windows before.
        self._tail, self._base, self._skip = "", 0, 0
        self._full = 0
        self._next = 0
        self.stretches = 0
        self.encoded = 0

    def take(self, stretch: Stretch) -> None:
        """Take note of what has been written."""
        seen = self._base + len(self._tail)
        self._tail += stretch.text[max(0, seen - stretch.start) :]

    def cut(self, stretch: Stretch) -> list[Window]:
        """The windows that a reading of a stretch needs."""
        return self._assessor.cut_exchange(Exchange(self.conversation, stretch.text))

    def fill(self) -> tuple[list[Window], int]:
        """The windows of the whole that are full by now and were not given before, and where they end."""
        windows: list[Window] = []
        end = 0
        while found := self._assessor.cut_filled(self.conversation, self._tail, self._base, self._skip):
            windows.append(found.window)
            end = found.end
            self._tail, self._base, self._skip = self._tail[found.next - self._base :], found.next, found.skip
            self._full += len(found.window.ids)
        return windows, end

    def worth(self, stretch: Stretch) -> bool:
        """Whether it is worth asking if a stretch may be read: until a window fills, a no stays a no."""
        return stretch.end >= self._next

    def affords(self, windows: list[Window]) -> bool:
        """Whether a stretch of these windows may be read as well."""
        if not self.stretches:
            return True
        last = self._assessor.cut_exchange(Exchange(self.conversation, self._tail))
        whole = self._full + (len(last[-1].ids) if last else 0)
        if self.stretches + _tokens(windows) <= whole * self._share:
            return True
        missing = self._assessor.manifest.limits.reply + self._skip - sum(sum(w.types) for w in last)
        self._next = self._base + len(self._tail) + max(0, missing) * _CHARACTERS
        return False

    def known(self, window: Window) -> Reading | None:
        """The reading of a window, if it has been read."""
        return self._readings.get(window.ids)

    def keep(self, window: Window, reading: Reading) -> None:
        """Keep the reading of a window."""
        self.encoded += len(window.ids)
        self._readings[window.ids] = reading

    def spend(self, windows: list[Window]) -> None:
        """Take note that a stretch is read."""
        self.stretches += _tokens(windows)


def moved(reading: BehaviourReading, by: int) -> BehaviourReading:
    """A reading of a part with its evidence at its places in the reply."""
    return replace(reading, evidence=tuple(_moved(span, by) for span in reading.evidence))


def _moved(span: Span, by: int) -> Span:
    if span.message is not None:
        return span
    return replace(span, start=span.start + by, end=span.end + by)


def _tokens(windows: list[Window]) -> int:
    return sum(len(window.ids) for window in windows)
