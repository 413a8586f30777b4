from dataclasses import replace
from pathlib import Path

import pytest

from handrail.classifiers.errors import SettingsError
from handrail.evals.report.row import Row, load_rows, write_rows

ROW = Row("appropriate", "scripted:eager", "guard", "s1", "appropriate", "gold", 1, depth=50, changed=0.25)


def test_rows_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    """Numbers stay numbers, and a missing answer stays missing."""
    rows = [ROW, replace(ROW, well=None, depth=None, changed=None, coded=0)]
    write_rows(rows, tmp_path / "a.csv")
    assert load_rows(tmp_path / "a.csv") == rows


def test_answers_that_the_guard_judged_are_refused(tmp_path: Path) -> None:
    """Whoever writes the guard's own classifiers in as judge gets no report."""
    write_rows([replace(ROW, judge="handrail")], tmp_path / "a.csv")
    with pytest.raises(SettingsError, match="never judge the guard"):
        load_rows(tmp_path / "a.csv")


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "well\nx\n"])
def test_another_table_is_refused_by_name(tmp_path: Path, text: str) -> None:
    """What is no run's answers is named; an empty file holds none."""
    (tmp_path / "b.csv").write_text(text)
    if text:
        with pytest.raises(SettingsError, match=r"b\.csv"):
            load_rows(tmp_path / "b.csv")
    else:
        assert load_rows(tmp_path / "b.csv") == []
