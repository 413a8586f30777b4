import subprocess
from collections.abc import Callable
from pathlib import Path

from handrail.policies.policy import default_policy_path, read_policy

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def _check(run: Run, tmp_path: Path, old: str, new: str) -> "subprocess.CompletedProcess[str]":
    """Check the shipped policy with one thing changed."""
    text = default_policy_path().read_text().replace(old, new, 1)
    (tmp_path / "mine.yaml").write_text(text)
    return run("policy", "check", "mine.yaml")


def test_check_explains_the_shipped_policy(run: Run) -> None:
    """`policy check` says in plain sentences what each rule does."""
    done = run("policy", "check", str(default_policy_path()))
    assert done.returncode == 0
    assert all(rule.why in done.stdout for rule in read_policy().rules)


def test_check_names_what_is_wrong(run: Run, tmp_path: Path) -> None:
    """`policy check` of a wrong file names file, line and field, with status 2."""
    done = _check(run, tmp_path, "then: replace", "then: shout")
    assert done.returncode == 2
    assert "mine.yaml:" in done.stderr
    assert "rules.0.then" in done.stderr


def test_check_knows_the_texts(run: Run, tmp_path: Path) -> None:
    """A policy that names a text nobody wrote does not pass the check."""
    done = _check(run, tmp_path, "text: crisis_replace", "text: poem")
    assert done.returncode == 2
    assert "no texts called poem" in done.stderr


def test_test_runs_the_examples(run: Run) -> None:
    """`policy test` runs every example of the shipped policy through the real model; all pass."""
    done = run("policy", "test")
    count = sum(len(rule.examples) for rule in read_policy().rules)
    assert done.returncode == 0, done.stdout
    assert f"{count} of {count} examples judged as written" in done.stdout


def test_test_fails_where_an_example_does(run: Run, tmp_path: Path) -> None:
    """An example that is judged otherwise is shown, with status 1."""
    text = default_policy_path().read_text()
    wrong = text.replace("Take care of yourself.\n        fires: true", "Take care.\n        fires: false", 1)
    assert wrong != text
    right = wrong.replace("tell them what you told me.\n        fires: false", "x\n        fires: true", 1)
    (tmp_path / "mine.yaml").write_text(right)
    done = run("policy", "test", "mine.yaml")
    assert done.returncode == 1
    assert "FAIL crisis.means example 1: does not fire" in done.stdout
