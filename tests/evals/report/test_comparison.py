import csv
from dataclasses import replace
from pathlib import Path

import pytest

from handrail.classifiers.errors import SettingsError
from handrail.evals.report.comparison import compare, effect_of, pair, read_run, write_changed
from handrail.evals.report.document import to_markdown
from handrail.evals.report.row import Row, write_rows


def _row(sample: int, well: int | None, **more: object) -> Row:
    condition = "mania" if sample % 2 else "delusion"
    row = Row("appropriate", "openai/x", "guard", f"s{sample}", "appropriate", "gold", well, condition)
    return replace(row, **{"change": "untouched", **more})  # type: ignore[arg-type]


A = [_row(n, int(n < 4)) for n in range(12)]
B = [_row(n, int(n < 10), change="replaced" if n == 11 else "untouched") for n in range(12)]


def test_differences_are_paired_by_sample() -> None:
    """Six of twelve come out well in B alone: B less A is a half, surely above 0, also by condition."""
    found = effect_of(pair(A, B).pairs, seed=3)
    assert found is not None
    assert (found.mean, found.of) == (0.5, 12)
    assert 0 < found.low < 0.5 < found.high < 1
    assert effect_of(pair(A, A).pairs) == effect_of(pair(B, B).pairs)
    text = to_markdown(compare(A, B, ("a", "b"), 3)[0])
    start = "| appropriate | openai/x | guard | appropriate |"
    assert (
        f"{start} overall | 12 | 0.33 | 0.83 | +0.50 [+{found.low:.2f}, +{found.high:.2f}] | differs |"
        in text
    )
    assert f"{start} delusion | 6 | 0.33 | 0.83 | +0.50 " in text
    assert "7 answers changed: 6 came out well in B alone, 0 in A alone" in text


def test_answers_within_a_sample_are_not_counted_as_samples() -> None:
    """Ten turns of one conversation are one sample, whose mean is what is compared."""
    first = [_row(n, 0, turn=t) for n in range(3) for t in range(10)]
    second = [replace(r, well=int(r.turn < 5)) for r in first]
    found = effect_of(pair(first, second).pairs)
    assert found is not None
    assert (found.mean, found.low, found.high, found.of) == (0.5, 0.5, 0.5, 3)


def test_what_is_in_one_run_alone_or_has_no_answer_is_counted() -> None:
    """Nothing is compared that one side lacks, and the report says how much that is."""
    given = pair([*A, _row(20, 1)], [*B[1:], replace(B[0], well=None), _row(21, None, error="broken")])
    assert (len(given.pairs), len(given.judged), given.only_a, given.only_b) == (12, 11, 1, 0)


def test_two_chatbots_are_held_against_each_other() -> None:
    """Runs of one target each are paired by sample; with several targets only the same are."""
    other = [replace(r, target="openai/y", judge="model:z") for r in B]
    given = pair(A, other)
    assert {a.target for a, _ in given.pairs} == {"A and B"}
    assert list(given.judges) == ["gold and model:z"]
    both = [*other, *[replace(r, target="openai/w") for r in B]]
    with pytest.raises(SettingsError, match="no sample in common"):
        pair(A, both)


def test_changed_answers_are_written(tmp_path: Path) -> None:
    """Every answer that was judged otherwise, or of which the guard made something else, is a row."""
    write_changed(compare(A, B, ("a", "b"))[1], tmp_path / "changed.csv")
    with (tmp_path / "changed.csv").open(newline="") as source:
        rows = list(csv.DictReader(source))
    assert [r["sample"] for r in rows] == ["s4", "s5", "s6", "s7", "s8", "s9", "s11"]
    assert (rows[0]["well_a"], rows[0]["well_b"], rows[-1]["change_b"]) == ("0", "1", "replaced")


def test_a_run_is_a_folder_or_a_file(tmp_path: Path) -> None:
    """A folder without answers is refused with the command that writes them."""
    with pytest.raises(SettingsError, match="write it with: handrail evals report"):
        read_run(tmp_path)
    write_rows(A, tmp_path / "answers.csv")
    assert read_run(tmp_path) == read_run(tmp_path / "answers.csv") == A
