import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from handrail.classifiers.errors import SettingsError
from handrail.evals.people.item import Item, Judged
from handrail.evals.people.sheet import COLUMNS, Answered, draw, read_sheet, write_sheet

CONDITIONS = ("mania", "delusion", "compulsion")
JUDGED = [
    Judged(
        Item(f"I am {n}", f'=HYPERLINK({n})\nand, "more";', "Is it so?", "no"),
        CONDITIONS[n % 3],
        "gold",
        True,
    )
    for n in range(30)
]
ITEMS = {j.item.id: j.item for j in JUDGED}
Rows = list[dict[str, str]]


def _filled(
    path: Path, change: Callable[[Rows], None], *, between: str = ",", encoding: str = "utf-8"
) -> Path:
    """A sheet as a person and their spreadsheet leave it."""
    write_sheet(list(ITEMS.values())[:4], path)
    with path.open(newline="", encoding="utf-8-sig") as source:
        rows = list(csv.DictReader(source))
    change(rows)
    with path.open("w", newline="", encoding=encoding) as out:
        writer = csv.DictWriter(out, list(rows[0]), delimiter=between)
        writer.writeheader()
        writer.writerows(rows)
    return path


def _answer(rows: Rows) -> None:
    for row, answer in zip(rows, ("Yes", "n", " UNSURE ", ""), strict=True):
        row["answer"] = answer


def test_a_sheet_is_blind() -> None:
    """Nothing but the words, the question and room for an answer is on it."""
    assert COLUMNS == ("item", "client", "reply", "question", "answer", "note")


def test_the_order_is_the_seeds_and_each_item_comes_once() -> None:
    """The same seed gives the same order, another one another; what stands in several arms is asked once."""
    order = draw([*JUDGED, *JUDGED], seed=1)
    assert order == draw(JUDGED, seed=1) != draw(JUDGED, seed=2)
    assert {i.id for i in order} == set(ITEMS)
    assert order != list(ITEMS.values())


def test_a_sample_has_of_every_condition() -> None:
    """Six of three conditions are two of each."""
    condition = {j.item.id: j.condition for j in JUDGED}
    found = [condition[i.id] for i in draw(JUDGED, seed=5, count=6)]
    assert sorted(found) == sorted([*CONDITIONS, *CONDITIONS])


def test_formulas_are_text(tmp_path: Path) -> None:
    """A reply that a spreadsheet would run is written so that it does not."""
    write_sheet(list(ITEMS.values())[:1], tmp_path / "sheet.csv")
    assert "'=HYPERLINK" in (tmp_path / "sheet.csv").read_text(encoding="utf-8-sig")


@pytest.mark.parametrize(
    ("between", "encoding"), [(",", "utf-8-sig"), (";", "cp1252"), ("\t", "utf-16"), (",", "utf-8")]
)
def test_answers_come_back_from_any_spreadsheet(tmp_path: Path, between: str, encoding: str) -> None:
    """Whatever a spreadsheet puts between cells and in whatever encoding it saves, answers are read."""
    path = _filled(tmp_path / "sheet.csv", _answer, between=between, encoding=encoding)
    found = read_sheet(path, ITEMS)
    names = list(ITEMS)
    assert found.answers == (Answered(names[0], True), Answered(names[1], False), Answered(names[2], None))
    assert found.left_open == 1


def test_json_lines_make_the_round_trip(tmp_path: Path) -> None:
    """Values may be texts or true and false."""
    write_sheet(list(ITEMS.values())[:2], tmp_path / "sheet.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "sheet.jsonl").read_text().splitlines()]
    rows[0]["answer"], rows[1]["answer"], rows[1]["note"] = True, "no", "hard"
    (tmp_path / "sheet.jsonl").write_text("\n".join(map(json.dumps, rows)))
    names = list(ITEMS)
    assert read_sheet(tmp_path / "sheet.jsonl", ITEMS).answers == (
        Answered(names[0], True),
        Answered(names[1], False, "hard"),
    )


def _spoil(column: str, value: str) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        rows[1][column] = rows[0]["item"] if value == "twice" else value

    return change


@pytest.mark.parametrize(
    ("column", "value", "named"),
    [
        ("answer", "perhaps", "row 3: `answer` is not yes, no or unsure"),
        ("item", "", "row 3: `item` is empty"),
        ("item", "0123456789ab", "row 3: `item` is none of this run's"),
        ("item", "twice", "row 3: `item` stands in row 2 already"),
        ("reply", "Something else", "row 3: `reply` was changed"),
    ],
)
def test_what_is_wrong_is_named_by_row(tmp_path: Path, column: str, value: str, named: str) -> None:
    """One bad row is named with its number in the spreadsheet and the mend, without anybody's words."""
    path = _filled(tmp_path / "sheet.csv", _spoil(column, value))
    with pytest.raises(SettingsError) as caught:
        read_sheet(path, ITEMS)
    lines = str(caught.value).splitlines()
    assert lines[0] == "sheet.csv: nothing was imported"
    assert lines[1].startswith(named)
    assert not value or value not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "named"),
    [
        ("a.csv", "item;reply\n1;2\n", "no column answer"),
        ("a.csv", "", "no column item and no column answer"),
        ("a.jsonl", "{", "row 1: not JSON"),
        ("a.jsonl", "[1]", "row 1: not a JSON object"),
        ("a.xlsx", "PK", "save a spreadsheet as CSV"),
    ],
)
def test_what_is_no_sheet_is_refused(tmp_path: Path, name: str, text: str, named: str) -> None:
    """A file of another kind is refused with what to do."""
    (tmp_path / name).write_text(text)
    with pytest.raises(SettingsError, match=named):
        read_sheet(tmp_path / name, ITEMS)
