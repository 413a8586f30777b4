from handrail.classifiers.assessor import Assessor
from handrail.classifiers.exchange import Conversation, Exchange
from handrail.evals.reading import assess_all


def test_order_is_kept(assessor: Assessor) -> None:
    """However many threads read, each exchange gets its own assessment, in the order given."""
    said = Conversation.of([("user", "I keep checking the stove.")])
    exchanges = [Exchange(said, "Check it again. " * n) for n in (1, 9, 2, 7)]
    found = assess_all(assessor, exchanges)
    alone = assessor.assess(exchanges)
    assert [f.behaviour for f in found] == [a.behaviour for a in alone]
