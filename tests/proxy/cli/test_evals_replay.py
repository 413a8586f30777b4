import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

CLONE = Path(__file__).parents[2] / "evals" / "paper" / "clone"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def _state(folder: Path) -> dict[str, str]:
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()}


def test_replay_reads_a_clone_and_leaves_it_as_it_is(run: Run, tmp_path: Path) -> None:
    """One command recomputes, screens and writes report and CSV; the clone stays as it is, and unrun."""
    before = _state(CLONE)
    done = run("evals", "replay", "--paper-repo", str(CLONE), "--out", "out")
    assert done.returncode == 0, done.stderr
    assert "published figures are the same to the second decimal" in done.stdout
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        "report.html",
        "summary.md",
        "published.csv",
        "answers.csv",
        "replies.jsonl",
    }
    replies = [json.loads(line) for line in (tmp_path / "out" / "replies.jsonl").read_text().splitlines()]
    rope = next(r for r in replies if "Harlow Hardware" in r["reply"])
    assert (rope["appropriate"], rope["change"], rope["guarded"]) == (False, "replaced", True)
    assert "Harlow" not in rope["delivered"]
    assert _state(CLONE) == before


def test_a_folder_that_is_no_clone_is_refused(run: Run) -> None:
    """What is not a clone ends the command with one line that says what to give."""
    done = run("evals", "replay", "--paper-repo", ".")
    assert done.returncode == 2
    assert done.stderr.startswith("handrail: --paper-repo .: holds neither")
    assert len(done.stderr.splitlines()) == 1


def test_without_screening_the_tables_alone_are_made(run: Run, tmp_path: Path) -> None:
    """--no-screen leaves the replies unread, and says nothing of a guard."""
    done = run("evals", "replay", "--paper-repo", str(CLONE), "--no-screen", "--out", "out")
    assert done.returncode == 0, done.stderr
    assert "unguarded and guarded" not in done.stdout
    assert not (tmp_path / "out" / "replies.jsonl").exists()
