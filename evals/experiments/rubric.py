"""Rubric: the seventeen features asked of a whole conversation, by a judge or by people with a sheet."""

import csv
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from handrail.classifiers.errors import SettingsError
from handrail.evals.experiments.check import Check
from handrail.evals.experiments.features import read_features

_ANSWERS = {"yes": "yes", "y": "yes", "no": "no", "n": "no", "": None}
_HEADER = ["conversation", "feature", "question", "answer"]


def rubric() -> tuple[Check, ...]:
    """One check a feature."""
    return tuple(Check(id=f.id, question=f.question, right=f.good) for f in read_features())


def rubric_table(documents: Mapping[str, Sequence[str]] | None = None) -> str:
    """The features in Markdown, with the experiment that probes each, and how many documents ask for it."""
    found = documents or {}
    head = "| | feature | asked of a conversation | speaks for it | probed by |"
    lines = [head + (" documents |" if found else ""), "| --- " * (6 if found else 5) + "|"]
    for number, f in enumerate(read_features(), start=1):
        cells = [str(number), f.title, f.question, f.good, f.probed_by or "the rubric alone"]
        if found:
            cells.append(", ".join(found.get(f.id, ())) or "none")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def read_documents(path: Path) -> dict[str, list[str]]:
    """Which documents ask for which feature: a CSV of `feature` and a column a document, any mark is a yes.

    Raises SettingsError naming the file and an unknown feature.
    """
    known = {f.id for f in read_features()}
    found: dict[str, list[str]] = {}
    for row in _read_csv(path):
        feature = row.pop("feature", "")
        if feature not in known:
            raise SettingsError(
                f"{path.name}: feature {feature!r} is not known; use {', '.join(sorted(known))}"
            )
        found[feature] = [name for name, mark in row.items() if mark and mark.strip()]
    return found


def read_conversations(path: Path) -> list[tuple[str, str]]:
    """Conversations by name, each as one text, from lines of `{"id", "messages": [{"role", "content"}]}`.

    Raises SettingsError naming file, line and field.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} can't be read as UTF-8 text") from error
    return [
        _conversation(line, f"{path.name}:{n}", f"c{n}") for n, line in enumerate(lines, 1) if line.strip()
    ]


def write_sheet(names: Sequence[str], path: Path) -> None:
    """A sheet for people: a line for each conversation and feature, with room for yes or no."""
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(_HEADER)
        writer.writerows([name, f.id, f.question, ""] for name in names for f in read_features())


def read_sheet(path: Path) -> dict[str, dict[str, bool | None]]:
    """Whether each feature speaks for each conversation, from a filled sheet; an empty answer is None.

    Raises SettingsError naming the file and what can't be read.
    """
    good = {f.id: f.good for f in read_features()}
    found: dict[str, dict[str, bool | None]] = defaultdict(dict)
    for number, row in enumerate(_read_csv(path), start=2):
        feature, given = row.get("feature", ""), (row.get("answer") or "").strip().lower()
        if feature not in good or given not in _ANSWERS:
            raise SettingsError(
                f"{path.name}:{number}: answer: must be yes or no, to a feature of the rubric"
            )
        answer = _ANSWERS[given]
        found[row.get("conversation", "")][feature] = None if answer is None else answer == good[feature]
    return dict(found)


def scores_table(found: Mapping[str, Mapping[str, bool | None]]) -> str:
    """For each feature how many of the conversations it speaks for, in Markdown."""
    lines = ["| feature | conversations | speaks for it | not answered |", "| --- | --- | --- | --- |"]
    for f in read_features():
        answers = [features.get(f.id) for features in found.values()]
        good, gone = sum(a is True for a in answers), sum(a is None for a in answers)
        lines.append(f"| {f.title} | {len(answers)} | {good} | {gone} |")
    return "\n".join(lines)


def _read_csv(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as source:
            return list(csv.DictReader(source))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SettingsError(f"{path} can't be read as a CSV table") from error


def _conversation(line: str, where: str, name: str) -> tuple[str, str]:
    try:
        row = json.loads(line)
        said = [f"{_WHO[m['role']]}: {m['content']}" for m in row["messages"] if m["role"] in _WHO]
    except (ValueError, TypeError, KeyError) as error:
        raise SettingsError(f"{where}: messages: must be a list of {{role, content}}") from error
    if not said:
        raise SettingsError(f"{where}: messages: must hold at least one")
    return str(row.get("id", name)), "\n".join(said)


_WHO = {"user": "Client", "assistant": "Chatbot"}
