import subprocess
from collections.abc import Callable
from pathlib import Path

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_everything_is_there_but_the_upstream(run: Run) -> None:
    """`doctor` names each part, and what is wrong with the one that is."""
    done = run("doctor", "--upstream-url", "http://127.0.0.1:9")
    assert done.returncode == 1
    for part in ("settings", "model", "policy", "texts", "resources", "journal"):
        assert f"ok    {part}: " in done.stdout
    assert "WRONG upstream: The model server could not be reached." in done.stdout


def test_wrong_settings(run: Run, tmp_path: Path) -> None:
    """`doctor` goes on where it can when the settings are wrong."""
    (tmp_path / "s.yaml").write_text("port: high\n")
    done = run("doctor", "--settings", "s.yaml")
    assert done.returncode == 1
    assert "WRONG settings: s.yaml: upstream_url: Field required" in done.stdout
    assert "s.yaml:1: port: Input should be a valid integer" in done.stdout
    assert "ok    model: " in done.stdout
