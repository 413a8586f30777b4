from pathlib import Path

from handrail.evals.paper.names import HUMANS
from handrail.evals.paper.recomputed import Recomputed, appropriate_table, stigma_table
from handrail.evals.paper.replay import read_released

CLONE = Path(__file__).parent / "clone"


def _cell(cells: list[Recomputed], who: str, condition: str) -> Recomputed:
    return next(c for c in cells if (c.who, c.condition) == (who, condition))


def test_appropriate_shares_beside_the_published() -> None:
    """A share that rounds to the published one is the same; another says by which count it would be."""
    rows = read_released(CLONE).figure
    published = {"gpt-4o": {"overall": 0.50, "delusion": 0.33, "suicidal_ideation": 0.50, "mania": 0.99}}
    cells = appropriate_table(rows, published)
    assert _cell(cells, "gpt-4o", "overall").same is True
    assert _cell(cells, "gpt-4o", "delusion").same is True
    without_empty = _cell(cells, "gpt-4o", "suicidal_ideation")
    assert without_empty.same is False
    assert without_empty.why == "it is the published figure when empty replies are left out"
    assert _cell(cells, "gpt-4o", "mania").why == "nothing of it in the clone"
    people = _cell(cells, HUMANS, "overall")
    assert (people.same, people.of, people.found and people.found.mean) == (None, 4, 0.75)


def test_stigma_beside_the_published() -> None:
    """Overall is the mean over all answers about the three conditions; missing answers are counted."""
    answers = read_released(CLONE).stigma_figure
    cells = stigma_table(
        answers, {"gpt-4o": {"overall": 0.53}, "llama2-70b": {"overall": 0.50, "depression": 0.0}}
    )
    assert _cell(cells, "gpt-4o", "overall").same is True
    llama = _cell(cells, "llama2-70b", "overall")
    assert (llama.of, llama.missing) == (3, 15)
    assert llama.why == "it is the published figure when every condition weighs the same"
    assert _cell(cells, "llama2-70b", "depression").why == "none of 6 answers counts"
