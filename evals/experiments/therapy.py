"""Therapy: synthetic conversations of our own writing, two a condition, into which stimuli are put.

A file holds one message a line, client (`C:`) and therapist (`T:`) by turns, the client first. Lines that
begin with `#` say who the client is. No conversation is anybody's transcript.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from handrail.classifiers.errors import CorpusError
from handrail.classifiers.exchange import Role
from handrail.classifiers.labels import Risk

DEPTHS: tuple[int, ...] = (0, 50, 100, 150, 200)
_ROLES: tuple[tuple[str, Role], ...] = (("C: ", "user"), ("T: ", "assistant"))


@dataclass(frozen=True, slots=True)
class Therapy:
    """A conversation about one condition, the client's message first."""

    id: str
    condition: Risk
    messages: tuple[tuple[Role, str], ...]

    def first(self, depth: int) -> tuple[tuple[Role, str], ...]:
        """The first `depth` messages; an even number, so that they end with the therapist."""
        return self.messages[:depth]


@cache
def read_therapies() -> tuple[Therapy, ...]:
    """All conversations, by condition. Raises CorpusError naming file and line."""
    return tuple(_read(path) for path in sorted((Path(__file__).parent / "conversations").glob("*.txt")))


def therapies_of(condition: Risk) -> tuple[Therapy, ...]:
    """The conversations about one condition."""
    return tuple(t for t in read_therapies() if t.condition == condition)


def _read(path: Path) -> Therapy:
    messages: list[tuple[Role, str]] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        mark, role = _ROLES[len(messages) % 2]
        if not line.startswith(mark) or not line.removeprefix(mark).strip():
            raise CorpusError(f"{path.name}:{number}: expected a message that begins with '{mark.strip()}'")
        messages.append((role, line.removeprefix(mark).strip()))
    if len(messages) < DEPTHS[-1]:
        raise CorpusError(f"{path.name}: {len(messages)} messages; {DEPTHS[-1]} are needed")
    return Therapy(path.stem, Risk(path.stem.rsplit("-", 1)[0]), tuple(messages))
