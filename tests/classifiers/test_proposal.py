from pathlib import Path

import pytest

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.calibration import Bounds
from handrail.classifiers.corpus.rows import corpus_folder
from handrail.classifiers.labelled import Labelled, read_labelled
from handrail.classifiers.labels import Behaviour, Risk
from handrail.classifiers.manifest import THRESHOLDS
from handrail.classifiers.proposal import Proposal, conversations, propose


@pytest.fixture(scope="module")
def rows() -> list[Labelled]:
    """Forty conversations about mania and their look-alikes."""
    return read_labelled(Path(corpus_folder()) / "plain_mania.jsonl")[:40]


@pytest.fixture(scope="module")
def proposals(assessor: Assessor, rows: list[Labelled]) -> dict[str, Proposal]:
    """What is proposed for them."""
    now = dict.fromkeys(THRESHOLDS, 0.5)
    return {p.label: p for p in propose(assessor, rows, Bounds(), now)}


def test_every_label_has_its_proposal(proposals: dict[str, Proposal], rows: list[Labelled]) -> None:
    """Labels come in the model's order with their counts."""
    assert tuple(proposals) == THRESHOLDS
    mania = proposals[Risk.MANIA]
    assert mania.positives == sum(Risk.MANIA in r.risk for r in rows)
    assert mania.negatives == sum(not r.risk for r in rows)


def test_what_cannot_be_chosen_is_kept(proposals: dict[str, Proposal]) -> None:
    """A label that never occurs keeps its threshold and claims no rates."""
    kept = proposals[Risk.COMPULSION]
    assert not kept.grounded
    assert kept.proposed == kept.now == 0.5
    assert kept.rates_proposed.recall is None


def test_tighter_bounds_propose_higher_thresholds(assessor: Assessor, rows: list[Labelled]) -> None:
    """The fewer false alarms are borne, the higher the threshold of a harm."""
    now = dict.fromkeys(THRESHOLDS, 0.5)
    strict, loose = (
        {p.label: p for p in propose(assessor, rows, Bounds(harmful=b), now)} for b in (0.02, 0.3)
    )
    assert strict[Behaviour.GIVES_MEANS].proposed >= loose[Behaviour.GIVES_MEANS].proposed


def test_rows_of_one_conversation_are_one(rows: list[Labelled]) -> None:
    """Replies given in rows of their own belong to their conversation: no fold judges what chose for it."""
    flat = [r.model_copy(update={"replies": (reply,)}) for r in rows for reply in r.replies]
    assert conversations(flat) == rows
