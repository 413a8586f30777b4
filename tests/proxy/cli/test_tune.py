"""Reviewed exchanges, read by the shipped model, as rows and as thresholds."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.corpus.rows import corpus_folder, read_file
from handrail.policies.load import load_decider

from ..feedback.office import fill

Run = Callable[..., "subprocess.CompletedProcess[str]"]
MINE = "version: 1\nname: mine\nextends: default\nthresholds:\n  default: sensitive\n"


@pytest.fixture
async def flagged(tmp_path: Path, assessor: Assessor) -> int:
    """A journal of what a sensitive policy flags in calm and in manic conversations, all reviewed."""
    (tmp_path / "mine.yaml").write_text(MINE)
    decider = load_decider(assessor.manifest.levels, tmp_path / "mine.yaml")
    names = ("plain_mania.jsonl", "benign_hard.jsonl", "stigma.jsonl")
    scenarios = [s for name in names for s in list(read_file(corpus_folder() / name))[:16]]
    return await fill(tmp_path / "handrail.db", scenarios, assessor, decider)


async def test_reviews_come_back_as_rows_and_as_thresholds(run: Run, flagged: int, tmp_path: Path) -> None:
    """Corpus rows are read as a corpus, calibration rows calibrated with; only --write changes a policy."""
    corpus = run("review", "export", "--as", "corpus", "--policy", "mine.yaml")
    (tmp_path / "rows.jsonl").write_text(corpus.stdout)
    scenarios = list(read_file(tmp_path / "rows.jsonl"))
    assert len(scenarios) + _left_out(corpus.stderr) == flagged
    assert all(scenario.replies[1].notes for scenario in scenarios)
    assert any(not scenario.replies[0].notes for scenario in scenarios)

    rows = run("review", "export", "--as", "calibration", "--policy", "mine.yaml")
    assert all(json.loads(line)["judged"] for line in rows.stdout.splitlines())
    (tmp_path / "mine.jsonl").write_text(rows.stdout)
    table = run("calibrate", "mine.jsonl").stdout
    settled = sum("mania" in json.loads(line)["judged"] for line in rows.stdout.splitlines())
    (mania,) = [line.split() for line in table.splitlines() if line.startswith("mania ")]
    assert 0 < int(mania[1]) <= settled

    asked = ("calibrate", "--from-reviews", "--policy", "mine.yaml")
    shown = run(*asked)
    assert "flags a day" in shown.stdout
    assert "harms found (recall)" in shown.stdout
    assert (tmp_path / "mine.yaml").read_text() == MINE
    written = run(*asked, "--write", "--worth", "1", "--out", "only.yaml")
    proposed = yaml.safe_load((tmp_path / "only.yaml").read_text())["thresholds"]
    in_policy = yaml.safe_load((tmp_path / "mine.yaml").read_text())["thresholds"]
    assert in_policy == {"default": "sensitive", **proposed}
    assert bool(proposed) == ("wrote" in written.stderr.splitlines()[0])
    trail = [json.loads(line)["did"] for line in run("journal", "audit").stdout.splitlines()]
    assert trail == ["exported", "exported", "calibrated", "calibrated"]


def _left_out(said: str) -> int:
    return sum(int(line.split()[0]) for line in said.splitlines() if "left out" in line)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "give either FILES"),
        (["--from-reviews", "a.jsonl"], "give either FILES"),
        (["a.jsonl", "--write"], "--write goes with --from-reviews"),
        (["--from-reviews", "--write"], "--write needs a policy of your own"),
    ],
)
def test_options_that_do_not_go_together_are_refused(run: Run, words: list[str], said: str) -> None:
    """One line says what to give instead."""
    done = run("calibrate", *words)
    assert (done.returncode, said in done.stderr, len(done.stderr.splitlines())) == (2, True, 1)
