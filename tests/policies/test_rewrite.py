from pathlib import Path

import pytest

from handrail.classifiers.errors import PolicyError
from handrail.policies.rewrite import with_thresholds, write_thresholds
from handrail.policies.source import read_policy

MINE = """# ours, by the team
version: 1
name: mine
extends: default
thresholds:
  mania: 0.4  # too many
  default: cautious

# what follows is about holding
hold: {default: reply}
"""


def test_thresholds_take_their_place_and_all_else_stays() -> None:
    """New ones win, others are kept; comments outside the block stay where they were."""
    text = with_thresholds(MINE, "mine.yaml", {"mania": 0.5, "delusion": 0.25})
    assert text == MINE.replace("  mania: 0.4  # too many\n", "  mania: 0.5\n").replace(
        "  default: cautious\n", "  default: cautious\n  delusion: 0.25\n"
    )


def test_a_policy_without_thresholds_gets_them(tmp_path: Path) -> None:
    """They are put at the end, and the policy that is then on disk has them."""
    path = tmp_path / "mine.yaml"
    path.write_text("version: 1\nname: mine\nextends: default\n")
    write_thresholds(path, {"mania": 0.5})
    assert read_policy(path).thresholds == {"mania": 0.5}
    assert [p.name for p in tmp_path.iterdir()] == ["mine.yaml"]


@pytest.mark.parametrize("text", ["{version: 1, name: mine, extends: default}\n", "version: 1\n"])
def test_a_file_that_would_not_load_stays_as_it_was(tmp_path: Path, text: str) -> None:
    """What can't be rewritten, or is no policy, is left alone, and that is said."""
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(PolicyError):
        write_thresholds(path, {"mania": 0.5})
    assert path.read_text() == text
    assert [p.name for p in tmp_path.iterdir()] == ["mine.yaml"]
