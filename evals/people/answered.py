"""Answers: what each person answered, kept in the run's folder as JSON lines, one file a person."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from handrail.classifiers.errors import SettingsError
from handrail.evals.people.sheet import Answered

FOLDER = "annotations"
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")

Ratings = Mapping[str, Mapping[str, bool | None]]


def require_name(name: str) -> str:
    """A person's name as a file's. Raises SettingsError for one that can't be."""
    if not _NAME.match(name):
        raise SettingsError(
            f"annotator {name!r}: give a name of letters, digits, dots, dashes and underscores (NAME=FILE)"
        )
    return name


def keep(folder: Path, name: str, answers: tuple[Answered, ...]) -> Path:
    """Keep a person's answers, in the place of their earlier ones."""
    path = folder / FOLDER / f"{require_name(name)}.jsonl"
    path.parent.mkdir(exist_ok=True)
    rows = ({"item": a.item, "answer": a.answer, "note": a.note} for a in answers)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def read_kept(folder: Path) -> Ratings:
    """The answers of everybody by item. Raises SettingsError for a file that is none of ours."""
    found: dict[str, dict[str, bool | None]] = {}
    for path in sorted((folder / FOLDER).glob("*.jsonl")):
        try:
            rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
            found[path.stem] = {str(row["item"]): row["answer"] for row in rows}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SettingsError(f"{path}: not answers that were imported; import the sheet again") from error
    return found
