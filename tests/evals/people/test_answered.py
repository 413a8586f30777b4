from pathlib import Path

import pytest

from handrail.classifiers.errors import SettingsError
from handrail.evals.people.answered import keep, read_kept
from handrail.evals.people.sheet import Answered


def test_answers_are_kept_and_taken_again(tmp_path: Path) -> None:
    """Each person has a file; a later sheet takes the place of the earlier."""
    keep(tmp_path, "ana", (Answered("1", True), Answered("2", None, "hard")))
    keep(tmp_path, "ben", (Answered("1", False),))
    keep(tmp_path, "ana", (Answered("1", False),))
    assert read_kept(tmp_path) == {"ana": {"1": False}, "ben": {"1": False}}


@pytest.mark.parametrize("name", ["", "../ana", "a/b", ".hidden", "x" * 65, "a\nb"])
def test_a_name_is_no_path(tmp_path: Path, name: str) -> None:
    """A person's name can't lead out of the folder."""
    with pytest.raises(SettingsError, match="give a name of letters"):
        keep(tmp_path, name, ())
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_kind_is_named(tmp_path: Path) -> None:
    """Something else in the folder is named, not guessed at."""
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "x.jsonl").write_text("[]\n")
    with pytest.raises(SettingsError, match="not answers that were imported"):
        read_kept(tmp_path)
