"""Sheet: items for one person to answer with yes or no, blind; for a spreadsheet, and read back with care.

A sheet says nothing of arm, model or label, and its rows are shuffled. A person fills in `answer` (yes, no or
unsure) and, if they like, `note`. Nothing else may change. What is wrong with a row is named by its number in
the spreadsheet.
"""

import csv
import io
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handrail.classifiers.errors import SettingsError
from handrail.evals.encoding import decoded
from handrail.evals.people.item import Item, Judged, tidy

COLUMNS = ("item", "client", "reply", "question", "answer", "note")
_ANSWERS: Mapping[str, bool | None] = {
    **dict.fromkeys(("yes", "y", "true", "1"), True),
    **dict.fromkeys(("no", "n", "false", "0"), False),
    **dict.fromkeys(("unsure", "?", "don't know", "cannot say", "can't say", "can\u2019t say"), None),
}
# A spreadsheet takes what begins so for a formula; with a quote in front it is text.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MOST_SHOWN = 20
_MOST_BYTES = 64 * 1024**2


@dataclass(frozen=True, slots=True)
class Answered:
    """One person's answer: yes (True), no (False) or unsure (None)."""

    item: str
    answer: bool | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """What a sheet holds: answers, and how many rows were left open."""

    answers: tuple[Answered, ...]
    left_open: int


def draw(judged: Iterable[Judged], seed: int, count: int | None = None) -> list[Item]:
    """Different items in an order of the seed's; a sample takes as many of each condition as it can."""
    groups: dict[str, dict[str, Item]] = {}
    for one in judged:
        groups.setdefault(one.condition, {}).setdefault(one.item.id, one.item)
    chance = random.Random(seed)  # noqa: S311  (an order, no secret)
    shuffled = [
        chance.sample(sorted(g.values(), key=lambda i: i.id), len(g)) for _, g in sorted(groups.items())
    ]
    turns = max(map(len, shuffled), default=0)
    dealt = {g[n].id: g[n] for n in range(turns) for g in shuffled if n < len(g)}
    chosen = list(dealt.values())[:count]
    chance.shuffle(chosen)
    return chosen


def write_sheet(items: Sequence[Item], path: Path) -> None:
    """Write items as CSV, or as JSON lines to a .jsonl file. Raises SettingsError for other endings."""
    rows = [dict(zip(COLUMNS, (i.id, i.client, i.reply, i.question, "", ""), strict=True)) for i in items]
    if _is_lines(path):
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        return
    # With a byte-order mark, without which some spreadsheets garble all but ASCII.
    with path.open("w", newline="", encoding="utf-8-sig") as out:
        writer = csv.DictWriter(out, COLUMNS)
        writer.writeheader()
        writer.writerows({name: _guarded(text) for name, text in row.items()} for row in rows)


def read_sheet(path: Path, items: Mapping[str, Item]) -> Read:
    """Read a sheet that a person filled in; `items` are those of the run by id.

    Raises SettingsError that names every row that is wrong, and how.
    """
    rows = _lines(path) if _is_lines(path) else _table(path)
    answers: list[Answered] = []
    wrong: list[str] = []
    seen: dict[str, int] = {}
    left_open = 0
    for number, row in rows:
        problem = _problem(row, items, seen)
        if problem:
            wrong.append(f"row {number}: {problem}")
            continue
        name = _cell(row, "item")
        seen[name] = number
        if not _cell(row, "answer"):
            left_open += 1
            continue
        answers.append(Answered(name, _ANSWERS[_cell(row, "answer").lower()], _cell(row, "note")))
    if wrong:
        more = [f"... and {len(wrong) - _MOST_SHOWN} more"] if len(wrong) > _MOST_SHOWN else []
        raise SettingsError("\n".join([f"{path.name}: nothing was imported", *wrong[:_MOST_SHOWN], *more]))
    return Read(tuple(answers), left_open)


def _problem(row: Mapping[str, Any], items: Mapping[str, Item], seen: Mapping[str, int]) -> str | None:
    """What is wrong with a row, and how to mend it. Nobody's words are repeated."""
    name, answer = _cell(row, "item"), _cell(row, "answer")
    if not name:
        return "`item` is empty; put back what the export had there"
    if name not in items:
        return "`item` is none of this run's; import into the run that the sheet was exported from"
    if name in seen:
        return f"`item` stands in row {seen[name]} already; keep one of the two"
    for column in ("client", "reply", "question"):
        if column in row and tidy(_cell(row, column)) != tidy(getattr(items[name], column)):
            return f"`{column}` was changed; an answer counts only for the words that were exported"
    if answer and answer.lower() not in _ANSWERS:
        return "`answer` is not yes, no or unsure; leave it empty where it was not answered"
    return None


def _cell(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value).strip()


def _guarded(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _is_lines(path: Path) -> bool:
    if path.suffix.lower() not in {".csv", ".tsv", ".jsonl"}:
        raise SettingsError(f"{path.name}: a sheet ends in .csv or .jsonl; save a spreadsheet as CSV")
    return path.suffix.lower() == ".jsonl"


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise SettingsError(f"{path.name}: larger than {_MOST_BYTES // 1024**2} MiB, so no sheet of ours")
        return decoded(path.read_bytes())[0]
    except OSError as error:
        raise SettingsError(f"{path} can't be read: {error.strerror}") from error


def _table(path: Path) -> list[tuple[int, Mapping[str, Any]]]:
    """Rows of CSV with their numbers in a spreadsheet; commas, semicolons or tabs between."""
    text = _text(path)
    head = text.split("\n", 1)[0]
    between = max(",;\t", key=head.count)
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=between))
    except csv.Error as error:
        raise SettingsError(f"{path.name}: not CSV: {error}") from error
    named = [{str(k).strip().lower(): v for k, v in row.items()} for row in rows]
    _require(path, set(named[0]) if named else {c.strip().lower() for c in head.split(between)})
    return [(n, row) for n, row in enumerate(named, start=2) if any(map(_filled, row.values()))]


def _lines(path: Path) -> list[tuple[int, Mapping[str, Any]]]:
    rows: list[tuple[int, Mapping[str, Any]]] = []
    for number, line in enumerate(_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise SettingsError(f"{path.name}: row {number}: not JSON") from error
        if not isinstance(values, dict):
            raise SettingsError(f"{path.name}: row {number}: not a JSON object")
        rows.append((number, values))
    _require(path, {name for _, values in rows for name in values})
    return rows


def _require(path: Path, found: set[str]) -> None:
    missing = [name for name in ("item", "answer") if name not in found]
    if missing:
        raise SettingsError(
            f"{path.name}: no column {' and no column '.join(missing)}; keep the export's columns"
        )


def _filled(value: Any) -> bool:
    return bool(value) and bool(str(value).strip())
