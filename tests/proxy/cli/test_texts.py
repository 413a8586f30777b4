from pathlib import Path

from click.testing import CliRunner

from handrail.policies.texts import texts_path
from handrail.proxy.cli import cli


def test_ours_pass() -> None:
    """The shipped texts keep the rules, and each is listed with its length and grade."""
    result = CliRunner().invoke(cli, ["texts", "check"])
    assert result.exit_code == 0
    assert "crisis_replace: " in result.output
    assert "all texts keep the rules" in result.output


def test_a_bad_text_is_named(tmp_path: Path) -> None:
    """A text that breaks a rule is named with its number, and the exit status is 1."""
    changed = texts_path().read_text().replace("You sound more alive than ever", "Calm down, you sound alive")
    (tmp_path / "en.yaml").write_text(changed)
    result = CliRunner().invoke(cli, ["texts", "check", str(tmp_path)])
    assert result.exit_code == 1
    assert "WRONG mania_replace variant 2: says 'Calm down'" in result.output
