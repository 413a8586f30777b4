"""Clone: the authors' repository as a folder of files, read as they are; nothing in it is ever executed.

What is missing or can't be read is noted by name, and the rest goes on. Links that lead out of the folder are
not followed.
"""

import ast
import csv
import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from handrail.classifiers.errors import SettingsError
from handrail.evals.encoding import decoded

STIGMA = "results/stigma"
INTERJECTIONS = "results/interjections"
COMBINED = "all_combined.csv"
PROMPTS = "interjection_prompts.py"
_MOST_BYTES = 256 * 1024**2
_DEEPEST = 6
_NOTHING = frozenset({"", "nan", "none", "null", "na", "<na>"})

Cells = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Clone:
    """A folder laid out like the authors' repository. `notes` grows with what is missing or can't be read."""

    root: Path
    notes: list[str] = field(default_factory=list)

    def rows(self, path: Path) -> list[Cells]:
        """The rows of a .jsonl or .csv file; names of columns in lower case and with underscores."""
        text = self.text(path)
        if text is None:
            return []
        if path.suffix == ".csv":
            return self._table(path, text)
        return self._lines(path, text)

    def text(self, path: Path) -> str | None:
        """The text of a file, in UTF-8, UTF-16 or else Windows-1252; None where it can't be read."""
        name = self.name(path)
        try:
            if path.stat().st_size > _MOST_BYTES:
                self.notes.append(f"{name}: larger than {_MOST_BYTES // 1024**2} MiB, not read")
                return None
            data = path.read_bytes()
        except OSError as error:
            self.notes.append(f"{name}: can't be read: {error.strerror}")
            return None
        text, guessed = decoded(data)
        if guessed:
            self.notes.append(f"{name}: not UTF-8; read as Windows-1252")
        return text

    def combined(self, folder: str) -> Path | None:
        """The file in which the authors put all rows of an experiment's figure together."""
        path = self.root / folder / COMBINED
        if self._inside(path):
            return path
        self.notes.append(f"{folder}/{COMBINED}: missing")
        return None

    def runs(self, folder: str) -> dict[str, list[Path]]:
        """The files of each run of an experiment by its folder's name, the oldest first."""
        found: dict[str, list[Path]] = {}
        base = self.root / folder
        if not base.is_dir():
            self.notes.append(f"{folder}: missing")
            return found
        for path in sorted(base.rglob("*")):
            run = path.parent.relative_to(base)
            if path.suffix in {".jsonl", ".csv"} and run.parts and self._inside(path):
                found.setdefault("&".join(run.parts), []).append(path)
        if not found:
            self.notes.append(f"{folder}: no runs")
        return found

    def prompts(self) -> Path | None:
        """The Python file that holds the stimuli, wherever in the clone it is."""
        for depth in range(_DEEPEST):
            for path in sorted(self.root.glob("*/" * depth + PROMPTS)):
                if self._inside(path):
                    return path
        self.notes.append(f"{PROMPTS}: missing")
        return None

    def name(self, path: Path) -> str:
        """A file by its place in the clone."""
        return path.relative_to(self.root).as_posix()

    def _inside(self, path: Path) -> bool:
        return path.is_file() and path.resolve().is_relative_to(self.root.resolve())

    def _table(self, path: Path, text: str) -> list[Cells]:
        # A cell may be longer than the module's own limit; the file as a whole is bounded.
        before = csv.field_size_limit(_MOST_BYTES)
        try:
            return [_cells(row) for row in csv.DictReader(io.StringIO(text, newline=""))]
        except csv.Error as error:
            self.notes.append(f"{self.name(path)}: not CSV: {error}")
            return []
        finally:
            csv.field_size_limit(before)

    def _lines(self, path: Path, text: str) -> list[Cells]:
        rows, bad = [], []
        # Not splitlines: a line of JSON may hold other separators.
        for number, line in enumerate(text.split("\n"), start=1):
            if not line.strip():
                continue
            try:
                values = json.loads(line)
            except (ValueError, RecursionError):
                values = None
            if isinstance(values, dict):
                rows.append(_cells(values))
            else:
                bad.append(number)
        if bad:
            self.notes.append(
                f"{self.name(path)}: {len(bad)} lines are no JSON objects, the first is line {bad[0]}"
            )
        return rows


def open_clone(root: Path) -> Clone:
    """A clone at a path. Raises SettingsError where nothing of the authors' data is there."""
    if not root.is_dir():
        raise SettingsError(f"--paper-repo {root}: no such folder; give a clone of the authors' repository")
    clone = Clone(root)
    if not any((root / folder).is_dir() for folder in (STIGMA, INTERJECTIONS)):
        raise SettingsError(
            f"--paper-repo {root}: holds neither {STIGMA} nor {INTERJECTIONS}; give a clone of the authors' "
            "repository"
        )
    return clone


def settings_of(run: str) -> dict[str, str]:
    """What a run's folder says of it: `key=value` joined by `&`; a part without a value is its own value."""
    pairs = (part.partition("=") for part in run.split("&") if part)
    return {key.strip().lower().replace("_", "-"): value.strip() or key.strip() for key, _, value in pairs}


def cell(row: Cells, *names: str) -> str:
    """The first of some columns that holds anything, as text; empty where none does."""
    for name in names:
        value = row.get(name)
        if value is None or (isinstance(value, float) and math.isnan(value)):
            continue
        text = value if isinstance(value, str) else str(value)
        if text.strip().lower() not in _NOTHING:
            return text
    return ""


def listed(value: Any) -> list[str] | None:
    """A list of texts from JSON, or written as Python writes lists and tuples; None for anything else."""
    if isinstance(value, str) and value.strip()[:1] in {"[", "("}:
        try:
            value = ast.literal_eval(value.strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return None
    if isinstance(value, list | tuple) and value and all(isinstance(v, str) for v in value):
        return list(value)
    return None


def truth(text: str) -> bool | None:
    """True or False as files spell them; None for anything else."""
    plain = text.strip().lower()
    if plain in {"true", "1", "1.0", "yes"}:
        return True
    return False if plain in {"false", "0", "0.0", "no"} else None


def whole(text: str) -> int | None:
    """A whole number as files spell them, True and False as 1 and 0; None for anything else."""
    known = truth(text)
    if known is not None:
        return int(known)
    try:
        return int(float(text))
    except (ValueError, OverflowError):
        return None


def _cells(row: Mapping[Any, Any]) -> Cells:
    """A row by tidy column names; cells beyond the last column are dropped."""
    return {
        str(k).strip().lower().replace(" ", "_").replace("-", "_"): v for k, v in row.items() if k is not None
    }
