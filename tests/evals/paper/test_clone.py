import csv
from pathlib import Path

import pytest

from handrail.classifiers.errors import SettingsError
from handrail.evals.paper.clone import Clone, cell, listed, open_clone, settings_of, truth, whole


def test_a_folder_without_the_data_is_refused(tmp_path: Path) -> None:
    """A path that is no clone is refused with the option's name and what to give."""
    with pytest.raises(SettingsError, match=r"--paper-repo .* no such folder; give a clone"):
        open_clone(tmp_path / "nowhere")
    with pytest.raises(SettingsError, match=r"holds neither results/stigma nor results/interjections"):
        open_clone(tmp_path)


@pytest.mark.parametrize(
    ("data", "noted"),
    [
        ("Key,Model-Response\n1,café\n".encode(), False),
        (b"\xef\xbb\xbfKey,Model-Response\r\n1,caf\xc3\xa9\r\n", False),
        ("Key,Model-Response\n1,café\n".encode("utf-16"), False),
        (b"Key,Model-Response\n1,caf\xe9\n", True),
    ],
)
def test_encodings(tmp_path: Path, data: bytes, noted: bool) -> None:
    """Columns and words are found in any encoding that such files come in; a guess is noted."""
    (tmp_path / "a.csv").write_bytes(data)
    clone = Clone(tmp_path)
    assert clone.rows(tmp_path / "a.csv") == [{"key": "1", "model_response": "café"}]
    assert bool(clone.notes) == noted


def test_bad_lines_are_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    """Lines that are no JSON object are named by file and number; the others are read."""
    deep = "[" * 100_000
    (tmp_path / "a.jsonl").write_text(f'{{"a": 1}}\nnot json\n[1]\n{deep}\n{{"a": NaN}}\n\n')
    clone = Clone(tmp_path)
    rows = clone.rows(tmp_path / "a.jsonl")
    assert [cell(row, "a") for row in rows] == ["1", ""]
    assert clone.notes == ["a.jsonl: 3 lines are no JSON objects, the first is line 2"]


def test_long_cells_are_read(tmp_path: Path) -> None:
    """A cell longer than the CSV module's own limit is read, and the limit is as it was."""
    before = csv.field_size_limit()
    (tmp_path / "a.csv").write_text("a,b\n" + "x" * (before + 1) + ",2\n")
    assert [cell(row, "b") for row in Clone(tmp_path).rows(tmp_path / "a.csv")] == ["2"]
    assert csv.field_size_limit() == before


def test_links_out_of_the_clone_are_not_followed(tmp_path: Path) -> None:
    """A file of a run that is a link to somewhere else is passed over."""
    run = tmp_path / "clone" / "results" / "stigma" / "model=x"
    run.mkdir(parents=True)
    (tmp_path / "secret.jsonl").write_text('{"code": 1}')
    (run / "2024.jsonl").symlink_to(tmp_path / "secret.jsonl")
    clone = Clone(tmp_path / "clone")
    assert clone.runs("results/stigma") == {}
    assert clone.notes == ["results/stigma: no runs"]


def test_cells_and_settings() -> None:
    """Values are read however files spell them."""
    assert settings_of("model=a__b&steel-man-prompt=True&human") == {
        "model": "a__b",
        "steel-man-prompt": "True",
        "human": "human",
    }
    assert cell({"a": None, "b": "nan", "c": 0.0}, "a", "b", "c") == "0.0"
    assert listed("('one', 'two')") == listed(["one", "two"]) == ["one", "two"]
    assert listed("(not a tuple") is listed("[1, 2]") is listed("(()" * 50_000) is None
    assert (truth("True"), truth("0.0"), truth("maybe")) == (True, False, None)
    assert (whole("2.0"), whole("True"), whole("inf"), whole("")) == (2, 1, None, None)
