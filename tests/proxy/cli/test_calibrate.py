import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from handrail.classifiers.corpus.rows import corpus_folder

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def rows(tmp_path: Path) -> str:
    """A file of forty labelled conversations in the folder that commands run in."""
    lines = (corpus_folder() / "plain_mania.jsonl").read_text().splitlines()[:40]
    (tmp_path / "mine.jsonl").write_text("\n".join(lines))
    return "mine.jsonl"


def test_thresholds_are_proposed_and_nothing_is_changed(run: Run, rows: str, tmp_path: Path) -> None:
    """Every label is shown with its counts and rates; what has too few rows is said; no file is written."""
    done = run("calibrate", rows)
    assert done.returncode == 0, done.stderr
    assert "mania" in done.stdout
    assert "kept: needs rows of both kinds" in done.stdout
    assert "treat with care" in done.stdout
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".yaml"] == []


def test_a_proposal_goes_into_a_policy(run: Run, rows: str, tmp_path: Path) -> None:
    """What --out writes is a policy's thresholds, and a policy with them loads and is in force."""
    done = run("calibrate", rows, "--out", "new.yaml", "--harmful", "0.2")
    assert done.returncode == 0, done.stderr
    proposed = yaml.safe_load((tmp_path / "new.yaml").read_text())
    assert "mania" in proposed["thresholds"]
    ours = Path(str(corpus_folder())).parents[2] / "policies" / "default.yaml"
    policy = yaml.safe_load(ours.read_text()) | proposed
    (tmp_path / "policy.yaml").write_text(yaml.safe_dump(policy))
    again = run("calibrate", rows, "--policy", "policy.yaml")
    (line,) = [line for line in again.stdout.splitlines() if line.startswith("mania ")]
    assert float(line.split()[3]) == pytest.approx(proposed["thresholds"]["mania"], abs=0.006)


def test_a_bound_that_is_no_share_is_refused(run: Run, rows: str) -> None:
    """The error names the option and the mend."""
    done = run("calibrate", rows, "--risk", "2")
    assert done.returncode == 2
    assert "--risk is 2" in done.stderr


def test_a_bad_row_is_named(run: Run, tmp_path: Path) -> None:
    """File, line and field are named, in one line."""
    (tmp_path / "bad.jsonl").write_text('{"messages": []}')
    done = run("calibrate", "bad.jsonl")
    assert done.returncode == 2
    assert "bad.jsonl:1" in done.stderr
    assert len(done.stderr.splitlines()) == 1
