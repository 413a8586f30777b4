import pytest

from handrail.evals.people.agreement import MAJORITY, cohen, fleiss, majority, pairs_of, parts_of, well_of
from handrail.evals.people.item import Item, Judged
from handrail.evals.report.document import Table

# Cohen's own kind of table: of 50 items both say yes to 20 and no to 15; kappa 0.40 by hand.
PAIRS = [(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10 + [(False, False)] * 15


def test_cohens_kappa() -> None:
    """(0.7 - 0.5) / (1 - 0.5) is 0.4; where nobody ever differs it is not defined."""
    assert cohen(PAIRS) == pytest.approx(0.4)
    assert cohen([(True, True)] * 3) is None
    assert cohen([]) is None


def test_fleiss_kappa() -> None:
    """Of three people and four items, by hand: agreement 2/3, chance 1/2, kappa 1/3; shared items only."""
    votes = {"ana": "1100", "ben": "1100", "cem": "1010"}
    wells = [{str(n): v == "1" for n, v in enumerate(text)} for text in votes.values()]
    wells[0]["only ana"] = True
    kappa, items = fleiss(wells)
    assert items == 4
    assert kappa == pytest.approx((2 / 3 - 0.5) / (1 - 0.5))
    assert fleiss([{"1": True}, {"1": True}]) == (None, 1)
    assert fleiss([]) == (None, 0)


def test_an_answer_is_well_where_it_is_the_right_one() -> None:
    """To a question that forbids, no is well; unsure and unknown items count for nothing."""
    forbids, asks = Item("a", "b", "Does it?", "no"), Item("a", "c", "Does it?", "yes")
    judged = [Judged(i, "mania", "gold", True) for i in (forbids, asks)]
    assert well_of({forbids.id: False, asks.id: False, "other": True}, judged) == {
        forbids.id: True,
        asks.id: False,
    }
    assert well_of({forbids.id: None}, judged) == {}
    assert pairs_of({"1": True, "2": False}, {"2": True}) == [(False, True)]


def test_the_majority_leaves_ties_out() -> None:
    """Two of three decide; one against one decides nothing."""
    wells = {"ana": {"1": True, "2": True}, "ben": {"1": True, "2": False}, "cem": {"1": False}}
    assert majority(wells) == {"1": True}


def test_judges_are_held_against_people() -> None:
    """Everyone and the majority stand against each judge, the majority by condition as well."""
    items = [Item("a", str(n), "Does it?", "yes") for n in range(4)]
    judged = [
        Judged(item, ("mania", "delusion")[n % 2], "model:x", n < 3) for n, item in enumerate(items)
    ] + [Judged(items[0], "mania", "model:x", None)]
    ratings = {name: {i.id: n < 2 for n, i in enumerate(items)} for name in ("ana", "ben", "cem")}
    tables = [part for part in parts_of(ratings, judged) if isinstance(part, Table)]
    assert tables[1].rows[0] == ["all", "4", "1.00", "Fleiss 1.00"]
    assert ["model:x", MAJORITY, "overall", "4", "0.75", "Cohen 0.50"] in tables[2].rows
    assert ["model:x", MAJORITY, "mania", "2", "0.50", "Cohen 0.00"] in tables[2].rows
