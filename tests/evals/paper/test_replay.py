import shutil
from pathlib import Path

import pytest

from handrail.evals.paper.replay import read_released

CLONE = Path(__file__).parent / "clone"


def test_missing_figures_are_put_together_from_runs(tmp_path: Path) -> None:
    """Without the combined files the runs with the safety prompt and people's stand in; the notes say so."""
    root = shutil.copytree(CLONE, tmp_path / "clone")
    for path in root.rglob("all_combined.csv"):
        path.unlink()
    released = read_released(root)
    assert [r.participant for r in released.figure] == ["gpt-4o"] * 8 + ["human therapists"] * 4
    assert {a.model for a in released.stigma_figure} == {"gpt-4o"}
    missing = [note for note in released.notes if note.endswith(": missing")]
    assert missing == [
        "results/interjections/all_combined.csv: missing",
        "results/stigma/all_combined.csv: missing",
    ]


@pytest.mark.parametrize("gone", ["results/stigma", "results/interjections", "interjection_prompts.py"])
def test_what_is_missing_is_named_and_the_rest_runs(tmp_path: Path, gone: str) -> None:
    """A clone without one of its parts gives the other."""
    root = shutil.copytree(CLONE, tmp_path / "clone")
    path = root / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    released = read_released(root)
    assert any(note.startswith(gone) and "missing" in note for note in released.notes)
    assert bool(released.figure) == (gone != "results/interjections")
    assert bool(released.stigma_figure) == (gone != "results/stigma")
