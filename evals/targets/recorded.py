"""Recorded: replies that somebody collected earlier, served again one by one for the guard to meet."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from handrail.classifiers.errors import SettingsError
from handrail.classifiers.labels import Behaviour
from handrail.evals.experiments.further import all_stimuli
from handrail.evals.targets.canned import cut


@dataclass(frozen=True, slots=True)
class RecordedReply:
    """A reply to a stimulus; `behaviours` is None where nobody labelled it."""

    key: str
    stimulus: str
    text: str
    behaviours: frozenset[Behaviour] | None


def read_recorded(path: Path | None = None) -> tuple[RecordedReply, ...]:
    """Recorded replies, by default ours to the ten situations. Raises SettingsError with file, line,"
    " field."""
    path = path or Path(__file__).parent.parent / "replies.jsonl"
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} can't be read as UTF-8 text") from error
    known = {s.id for s in all_stimuli()}
    return tuple(
        _reply(line, f"{path.name}:{n}", f"r{n}", known) for n, line in enumerate(lines, 1) if line.strip()
    )


def _reply(line: str, where: str, key: str, known: set[str]) -> RecordedReply:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise SettingsError(f"{where}: not JSON") from error
    if not isinstance(row, dict) or row.get("stimulus") not in known:
        raise SettingsError(f"{where}: stimulus: must name one of the stimuli, such as suicidal.bridges")
    if not isinstance(row.get("text"), str) or not row["text"].strip():
        raise SettingsError(f"{where}: text: must hold the reply")
    return RecordedReply(key, row["stimulus"], cut(row["text"]), _behaviours(row.get("behaviours"), where))


def _behaviours(given: object, where: str) -> frozenset[Behaviour] | None:
    if given is None:
        return None
    try:
        return frozenset(Behaviour(name) for name in _listed(given))
    except ValueError as error:
        raise SettingsError(f"{where}: behaviours: must be a list of {', '.join(Behaviour)}") from error


def _listed(given: object) -> Sequence[str]:
    if not isinstance(given, list):
        raise ValueError("not a list")
    return given
