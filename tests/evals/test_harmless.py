from pathlib import Path

import pytest

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.corpus.rows import read_corpus
from handrail.evals.harmless import decide_all, read_harmless, table


def test_both_kinds_are_there_and_nothing_of_the_corpus() -> None:
    """Enough rows of each kind to mean something, none of which was trained on."""
    rows = read_harmless()
    assert all(sum(r.kind == kind for r in rows) >= 100 for kind in ("counselling", "assistant"))
    known = {r.text for s in read_corpus() for r in s.replies}
    assert not [r for r in rows if r.text in known]


@pytest.fixture(scope="module")
def shares(assessor: Assessor) -> str:
    """The table for the shipped model."""
    rows = read_harmless()
    return table(rows, decide_all(assessor, rows))


def test_ordinary_traffic_is_left_alone(shares: str) -> None:
    """Hardly any ordinary exchange is flagged. The bound is loose; MODEL_CARD.md has the figures."""
    for line in shares.splitlines()[2:]:
        assert float(line.split("|")[2].split()[0]) <= 0.06, line


def test_the_model_card_names_the_rows(shares: str) -> None:
    """MODEL_CARD.md has a row for each kind."""
    card = (Path(__file__).parents[2] / "MODEL_CARD.md").read_text()
    for line in shares.splitlines():
        assert f"|{line.split('|')[1]}|" in card
