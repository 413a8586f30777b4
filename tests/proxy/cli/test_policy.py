import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from handrail.policies.source import default_policy_path, read_policy

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


def test_check_says_what_an_extending_policy_changes(run: Run, tmp_path: Path) -> None:
    """`policy check` of a policy that extends another prints the difference."""
    (tmp_path / "mine.yaml").write_text(
        "version: 1\nname: mine\nextends: default\nthresholds: {mania: sensitive}\n"
    )
    done = run("policy", "check", "mine.yaml")
    assert done.returncode == 0, done.stderr
    assert f"Extends default ({read_policy().hash}):" in done.stdout
    assert "~ thresholds.mania: the model's -> sensitive" in done.stdout


def test_diff_prints_the_difference(run: Run, tmp_path: Path) -> None:
    """`policy diff` names both hashes and each difference, with status 1 where there is one."""
    (tmp_path / "mine.yaml").write_text("version: 1\nname: mine\nextends: default\ndrop: [stigma.said]\n")
    done = run("policy", "diff", "default", "mine.yaml")
    assert done.returncode == 1
    assert f"default ({read_policy().hash}) -> mine" in done.stdout
    assert "- stigma.said" in done.stdout
    same = run("policy", "diff", "default", str(default_policy_path()))
    assert (same.returncode, same.stdout.splitlines()[-1]) == (0, "no difference")


def test_schema_is_json_schema(run: Run) -> None:
    """`policy schema` prints JSON Schema."""
    assert json.loads(run("policy", "schema").stdout)["$schema"].endswith("2020-12/schema")
