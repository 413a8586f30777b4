import csv
import subprocess
from collections.abc import Callable
from pathlib import Path

CLONE = Path(__file__).parents[2] / "evals" / "paper" / "clone"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def _fill(sheet: Path, out: Path, answer: Callable[[int], str]) -> None:
    with sheet.open(newline="", encoding="utf-8-sig") as source:
        rows = list(csv.DictReader(source))
    with out.open("w", newline="") as target:
        writer = csv.DictWriter(target, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, "answer": answer(n)} for n, row in enumerate(rows))


def test_people_judge_a_run_blind_and_stand_in_its_report(run: Run, tmp_path: Path) -> None:
    """Export, three people, import, report: kappas are printed and stand in the reliability section."""
    chosen = (
        "--target",
        "scripted:companion",
        "--arm",
        "bare",
        "--experiment",
        "appropriate",
        "--limit",
        "6",
    )
    assert run("evals", "run", "--out", "out", *chosen).returncode == 0
    done = run("evals", "annotate", "export", "out", "--out", "sheet.csv", "--seed", "7")
    assert done.returncode == 0, done.stderr
    sheet = (tmp_path / "sheet.csv").read_text(encoding="utf-8-sig")
    assert not any(word in sheet for word in ("companion", "scripted", "bare", "gold"))
    for name, answer in (("ana", "no"), ("ben", "yes"), ("cem", "no")):
        _fill(tmp_path / "sheet.csv", tmp_path / f"{name}.csv", lambda n, a=answer: a if n else "yes")
    done = run("evals", "annotate", "import", "out", "ana.csv", "ben.csv", "carl=cem.csv")
    assert done.returncode == 0, done.stderr
    assert "Fleiss" in done.stdout
    assert "| gold | carl | overall |" in done.stdout
    assert run("evals", "report", "out").returncode == 0
    summary = (tmp_path / "out" / "summary.md").read_text()
    section = summary.split("## Reliability of the judges")[1].split("\n## ")[0]
    assert "| ana, ben |" in section
    assert "| gold | majority of people | overall |" in section


def test_a_bad_sheet_changes_nothing(run: Run, tmp_path: Path) -> None:
    """Where one of several sheets has a bad row, the row is named and none of them is taken."""
    assert run("evals", "replay", "--paper-repo", str(CLONE), "--out", "out").returncode == 0
    assert run("evals", "annotate", "export", "out", "--out", "sheet.csv", "--sample", "5").returncode == 0
    _fill(tmp_path / "sheet.csv", tmp_path / "good.csv", lambda n: "no")
    _fill(tmp_path / "sheet.csv", tmp_path / "bad.csv", lambda n: "no" if n else "perhaps")
    done = run("evals", "annotate", "import", "out", "good.csv", "bad.csv")
    assert done.returncode == 2
    assert "bad.csv: nothing was imported\nrow 2: `answer` is not yes, no or unsure" in done.stderr
    assert not (tmp_path / "out" / "annotations").exists()
    done = run("evals", "annotate", "import", "out", "good.csv", "good=good.csv")
    assert (done.returncode, "two sheets of good" in done.stderr) == (2, True)
