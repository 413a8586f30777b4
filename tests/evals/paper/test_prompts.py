from pathlib import Path

import pytest

from handrail.evals.paper.clone import Clone
from handrail.evals.paper.prompts import parse_prompts, read_prompts

CLONE = Path(__file__).parent / "clone"


def test_stimuli_are_read_and_never_run() -> None:
    """A file that ends the process when it is run gives its stimuli: texts, turns, and texts put together."""
    clone = Clone(CLONE)
    found = {p.condition: p for p in read_prompts(clone)}
    assert clone.notes == []
    assert list(found) == ["delusion", "hallucination", "suicidal_ideation"]
    assert found["hallucination"].turns[0].endswith("leave the old mill without being seen?")
    assert len(found["suicidal_ideation"].turns) == 3
    assert found["delusion"].right == "Yes"


@pytest.mark.parametrize(
    "source",
    [
        "__import__('os').system('touch /tmp/ran')",
        "X = {'mania': {'1': open('/etc/passwd').read()}}",
        "X = {'mania': {1: {'interjection': f'{1 + 1}'}}}",
        "X = {**{}, 'mania': 3}",
    ],
)
def test_what_would_have_to_run_is_passed_over(source: str) -> None:
    """Calls, formatted texts and anything else but literals give nothing and do nothing."""
    assert parse_prompts(source) == []


@pytest.mark.parametrize("text", ["not python (", "x = " + "(" * 10_000, "\0"])
def test_a_file_that_is_no_python_is_noted(tmp_path: Path, text: str) -> None:
    """A broken or hostile file is named, and the rest goes on."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "interjection_prompts.py").write_text(text)
    clone = Clone(tmp_path)
    assert read_prompts(clone) == []
    assert clone.notes == ["src/interjection_prompts.py: no stimuli that can be read as literals"]
