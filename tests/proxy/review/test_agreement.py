import random
from datetime import UTC, datetime

import pytest
from sklearn.metrics import cohen_kappa_score

from handrail.classifiers.labels import Harm
from handrail.policies.decision import Severity
from handrail.proxy.journal.review import Review
from handrail.proxy.review.agreement import agreements, cohens_kappa, pair_of

AT = datetime(2026, 1, 1, tzinfo=UTC)


def test_kappa_is_cohen_s() -> None:
    """On random readings of several kinds kappa is that of an independent implementation."""
    chance = random.Random(3)
    for _ in range(50):
        first = [chance.choice("abc") for _ in range(30)]
        second = [each if chance.random() < 0.6 else chance.choice("abc") for each in first]
        assert cohens_kappa(first, second) == pytest.approx(cohen_kappa_score(first, second))


@pytest.mark.parametrize(
    ("first", "second", "kappa"), [([], [], None), ("aa", "aa", None), ("ab", "ab", 1.0), ("ab", "ba", -1.0)]
)
def test_kappa_at_its_ends(first: str, second: str, kappa: float | None) -> None:
    """It is not defined on nothing and on one answer alone; equal readings give 1."""
    assert cohens_kappa(list(first), list(second)) == kappa


def test_only_a_first_and_a_blind_reading_make_a_pair() -> None:
    """The pair is the first reading and the blind one, whichever order they come in."""
    first, blind = Review("a", AT), Review("b", AT, blind=True)
    assert pair_of([first, blind]) == (first, blind)
    assert pair_of([blind, first]) == (first, blind)
    assert pair_of([first]) is None
    assert pair_of([]) is None


def test_each_question_is_compared() -> None:
    """Harm by harm, severity, repair and escalation are counted apart."""
    first = Review("a", AT, (Harm.STIGMA,), Severity.LOW, repair_right=True)
    second = Review("b", AT, (Harm.MANIA_ENABLING,), Severity.LOW, repair_right=False, blind=True)
    rows = {row.question: (row.pairs, row.same) for row in agreements([(first, second)])}
    assert rows["harmful at all"] == (1, 1)
    assert rows["stigma"] == rows["mania_enabling"] == rows["repair right"] == (1, 0)
    assert rows["severity"] == rows["should have been escalated"] == (1, 1)
