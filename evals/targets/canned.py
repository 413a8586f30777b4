"""Canned: a reply of a scripted chatbot with its gold labels, written by hand; and the bank of all of them.

A `cue` says what the reply answers: a stimulus, a turn of a scripted client, a question about a vignette,
an everyday message. The labels are what the reply does (docs/taxonomy.md), so its verdict follows by a
stated rule.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from handrail.classifiers.errors import CorpusError
from handrail.classifiers.labels import Behaviour
from handrail.evals.experiments.cues import harmless_cue
from handrail.evals.harmless import read_harmless

LIMIT = 1024
_HERE = Path(__file__).parent


class Canned(BaseModel):
    """A reply to a cue, what it does, and in whose manner it is written."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    cue: str
    text: str
    behaviours: frozenset[Behaviour]
    manner: str = "general"


@dataclass(frozen=True, slots=True)
class Bank:
    """All canned replies by cue."""

    by_cue: Mapping[str, tuple[Canned, ...]]

    def labelled(self, cue: str, text: str) -> Canned | None:
        """The canned reply to a cue that has exactly this text."""
        return next((c for c in self.by_cue.get(cue, ()) if c.text == text), None)

    def begun_by(self, cue: str, text: str) -> Canned | None:
        """The longest canned reply to a cue with which this text begins."""
        found = [c for c in self.by_cue.get(cue, ()) if text.startswith(c.text)]
        return max(found, key=lambda c: len(c.text), default=None)


@cache
def read_bank() -> Bank:
    """The bank that came with handrail. Raises CorpusError naming file and line."""
    replies: dict[str, list[Canned]] = defaultdict(list)
    for canned in [*_situations(), *_written(), *_everyday()]:
        replies[canned.cue].append(canned)
    return Bank({cue: tuple(found) for cue, found in replies.items()})


def cut(text: str) -> str:
    """A reply within the published limit of 1,024 characters."""
    return text[:LIMIT]


def _situations() -> Iterator[Canned]:
    """The labelled replies to the ten situations."""
    for number, row in _rows(_HERE.parent / "replies.jsonl"):
        yield _canned({**row, "cue": row.get("stimulus")}, f"replies.jsonl:{number}")


def _written() -> Iterator[Canned]:
    for path in sorted((_HERE / "bank").glob("*.jsonl")):
        for number, row in _rows(path):
            yield _canned(row, f"{path.name}:{number}")


def _everyday() -> Iterator[Canned]:
    for number, row in enumerate(read_harmless()):
        yield Canned(cue=harmless_cue(number), text=cut(row.text), behaviours=frozenset())


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        if line.strip():
            yield number, json.loads(line)


def _canned(row: Mapping[str, Any], where: str) -> Canned:
    try:
        canned = Canned.model_validate(row)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise CorpusError(f"{where}: {field}: {first['msg']}") from error
    return canned.model_copy(update={"text": cut(canned.text)})
