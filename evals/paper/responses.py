"""Response: one reply to a stimulus of the second experiment, as released, and how it was judged."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from handrail.evals.paper.clone import (
    COMBINED,
    INTERJECTIONS,
    Cells,
    Clone,
    cell,
    listed,
    settings_of,
    truth,
    whole,
)
from handrail.evals.paper.names import BOTS, HUMANS, participant_name, people_among, risk_name
from handrail.evals.paper.prompts import Prompt

FIGURE = "figure"
CONDITIONS = ("compulsion", "suicidal_ideation", "mania", "delusion", "hallucination")
PEOPLE = "people"
_HUMAN = "human_classification"
_SUFFIX = "_classification"
_KIND = ("participant_type", "participant")
_MODEL = ("model", "model_name", "bot", "name")
_REPLY = ("model_response", "response", "reply")
_KEY = re.compile(r"^.*_(?P<id>[^_]+)_(?P<number>\d+)$")
_ENDING = re.compile(r"^(?P<id>.+)_(?P<number>\d+)$")


@dataclass(frozen=True, slots=True)
class Response:
    """A reply and its judgement. `source` is the run's folder, or `figure` for the authors' combined file.

    `turns` is the stimulus, the client's first; empty where it could not be found. `right` is the answer to
    `question` that makes a reply appropriate, `appropriate` is missing where nobody judged, `judge` is
    people or a model's name. `called` is what the clone calls the participant, `by_people` what people said
    of a reply that a model judged.
    """

    source: str
    participant: str
    condition: str
    stimulus: str
    turns: tuple[str, ...]
    question: str
    right: str
    reply: str
    appropriate: bool | None
    judge: str
    key: str
    number: int | None
    prompted: bool | None
    setting: str = ""
    called: str = ""
    by_people: bool | None = None
    contradicted: bool = False

    @property
    def empty(self) -> bool:
        """Whether nothing was said at all."""
        return not self.reply.strip()

    @property
    def failure(self) -> str:
        """What an inappropriate reply is: an omission where something is asked of it, or a commission."""
        return {"yes": "omission", "no": "commission"}.get(self.right, "unknown")


class Stimuli:
    """The clone's stimuli, found by condition and id, or by their words."""

    def __init__(self, prompts: Sequence[Prompt]) -> None:
        self._by_id = {(p.condition, p.id): p for p in prompts}
        self._by_words = {_plain(p.turns[-1]): p for p in prompts}

    def of(self, condition: str, name: str, turns: Sequence[str]) -> Prompt | None:
        """The stimulus that a row answers."""
        by_words = self._by_words.get(_plain(turns[-1])) if turns else None
        return by_words or self._by_id.get((condition, name))


def read_figure(clone: Clone, stimuli: Stimuli) -> list[Response]:
    """The rows of the authors' combined file."""
    path = clone.combined(INTERJECTIONS)
    rows = _usable(clone, FIGURE, clone.rows(path)) if path else []
    people = people_among(cell(row, *_KIND) for row in rows)
    return _responses(clone, FIGURE, rows, people, stimuli)


def read_runs(clone: Clone, stimuli: Stimuli) -> list[Response]:
    """The rows of every run. Of a key that several files of a run hold, the newest row is taken."""
    runs = {run: _rows_of(clone, run, paths) for run, paths in clone.runs(INTERJECTIONS).items()}
    named = (name for run, rows in runs.items() for row in rows for name in _named(row, run))
    people = people_among(named)
    return [r for run, rows in runs.items() for r in _responses(clone, run, rows, people, stimuli)]


def as_figure(runs: Iterable[Response]) -> list[Response]:
    """What stands in for the combined file: the runs with the safety prompt, and whoever people judged."""
    return [r for r in runs if r.prompted or r.participant in {HUMANS, BOTS}]


def _keyed(rows: Iterable[Cells], file: str) -> dict[tuple[str, ...], Cells]:
    """Rows by what names them across files; people answered several times, so theirs are all kept."""
    found: dict[tuple[str, ...], Cells] = {}
    for number, row in enumerate(rows):
        key = cell(row, "key")
        twice = (key, cell(row, *_MODEL)) in found
        own = not key or twice or bool(cell(row, _HUMAN))
        found[(file, str(number)) if own else (key, cell(row, *_MODEL))] = row
    return found


def _rows_of(clone: Clone, run: str, paths: Sequence[Path]) -> list[Cells]:
    rows: dict[tuple[str, ...], Cells] = {}
    total = 0
    for path in paths:
        read = clone.rows(path)
        total += len(read)
        rows.update(_keyed(read, str(path)))
    if total > len(rows):
        clone.notes.append(f"{_place(run)}: {total - len(rows)} rows stand again in a newer file of the run")
    return _usable(clone, run, list(rows.values()))


def _usable(clone: Clone, source: str, rows: Sequence[Cells]) -> list[Cells]:
    """The rows that hold a reply, or would if it were not empty."""
    usable = [row for row in rows if any(name in row for name in _REPLY)]
    if len(usable) < len(rows) or not rows:
        missing = len(rows) - len(usable)
        clone.notes.append(f"{_place(source)}: {missing} of {len(rows)} rows have no column for a reply")
    return usable


def _responses(
    clone: Clone, source: str, rows: Sequence[Cells], people: frozenset[str], stimuli: Stimuli
) -> list[Response]:
    found = [_response(source, row, people, stimuli) for row in rows]
    _note(clone, _place(source), found)
    return found


def _place(source: str) -> str:
    return f"{INTERJECTIONS}/{COMBINED if source == FIGURE else source}"


def _named(row: Cells, run: str) -> tuple[str, str]:
    """What a row and its run call who replied: the kind and the model; a run may be called just that."""
    about = {} if run == FIGURE else settings_of(run)
    kind = cell(row, *_KIND) or about.get("participant-type", "") or about.get("participant", "")
    model = cell(row, *_MODEL) or about.get("model", "")
    return kind, model or ("" if kind or run == FIGURE else run)


def _response(source: str, row: Cells, people: frozenset[str], stimuli: Stimuli) -> Response:
    about = {} if source == FIGURE else settings_of(source)
    key = cell(row, "key")
    said_condition = cell(row, "condition")
    keyed = _keyed_as(key, said_condition)
    condition = risk_name(said_condition or _condition_in(key))
    said = listed(row.get("interjection")) or [t for t in [cell(row, "interjection")] if t]
    name = cell(row, "id", "stimulus_id") or (keyed["id"] if keyed else "")
    prompt = stimuli.of(condition, name.removesuffix(".0"), said)
    right = _word(cell(row, "verification_correct") or (prompt.right if prompt else ""))
    judge, classified = _classified(row)
    participant = participant_name(*_named(row, source), people, judged_by_people=judge == PEOPLE)
    if participant in {HUMANS, BOTS} and cell(row, _HUMAN):
        judge, classified = PEOPLE, cell(row, _HUMAN)
    by_people = cell(row, _HUMAN) if judge != PEOPLE else ""
    stated = truth(cell(row, "correct_response"))
    by_class = _equal(classified, right)
    return Response(
        source=source,
        participant=participant,
        called=" ".join(dict.fromkeys(filter(None, _named(row, source)))),
        condition=condition,
        stimulus=f"{condition}.{prompt.id if prompt else name}",
        turns=tuple(said or (prompt.turns if prompt else ())),
        question=cell(row, "verification_prompt") or (prompt.question if prompt else ""),
        right=right,
        reply=cell(row, *_REPLY),
        appropriate=by_class if stated is None else stated,
        judge=judge,
        key=key,
        number=whole(cell(row, "message_number") or (keyed["number"] if keyed else "")),
        prompted=truth(cell(row, "steel_man_prompt", "steel_man") or about.get("steel-man-prompt", "")),
        setting="&".join(f"{k}={v}" for k, v in about.items() if k != "model"),
        by_people=_equal(by_people, right),
        contradicted=None not in {stated, by_class} and stated != by_class,
    )


def _classified(row: Cells) -> tuple[str, str]:
    """Who judged a reply, and the answer. Where a model judged, people's answers only validate it."""
    for name in row:
        if name.endswith(_SUFFIX) and name != _HUMAN and cell(row, name):
            return name.removesuffix(_SUFFIX).replace("_", "-"), cell(row, name)
    return (PEOPLE, cell(row, _HUMAN)) if cell(row, _HUMAN) else ("", "")


def _equal(classified: str, right: str) -> bool | None:
    return _word(classified) == right if classified and right else None


def _keyed_as(key: str, condition: str) -> re.Match[str] | None:
    """The id and the number in a key; what stands after the condition is all id, underscores as well."""
    _, named, after = key.partition(f"_{condition}_")
    return _KEY.match(f"_{key}") if not condition or not named else _ENDING.match(after)


def _condition_in(key: str) -> str:
    """The condition that a key names."""
    named = risk_name(key)
    return named if named in CONDITIONS else ""


def _word(text: str) -> str:
    """An answer as yes or no, or as it stands, without marks."""
    plain = re.sub(r"^\W+|\W+$", "", text.strip().lower())
    known = truth(plain)
    if known is None:
        known = truth(plain.split()[0].strip(".,:;")) if plain else None
    return plain if known is None else "yes" if known else "no"


def _plain(text: str) -> str:
    return " ".join(text.split()).lower()


def _note(clone: Clone, name: str, found: Sequence[Response]) -> None:
    """Name what is odd about the rows of a file."""
    for what, count in (
        ("rows that nobody judged", sum(r.appropriate is None for r in found)),
        ("rows whose stimulus could not be found", sum(not r.turns for r in found)),
        ("rows where `correct_response` and the classification differ", sum(r.contradicted for r in found)),
    ):
        if count:
            clone.notes.append(f"{name}: {count} {what}")
