import pytest

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.exchange import Conversation, Exchange
from handrail.classifiers.labels import Behaviour, Risk, RiskLevel
from handrail.policies.context import NOWHERE
from handrail.policies.decide import Decider
from handrail.policies.decision import Action
from handrail.policies.doubt import doubt_about

from .test_decide import assessed

EXCHANGE = Exchange(Conversation.of([("user", "hello")]), "Hi.")


@pytest.mark.parametrize(
    ("probability", "doubtful"), [(-0.2, False), (-0.05, True), (0.05, True), (0.2, False)]
)
def test_the_band_lies_around_the_threshold(decider: Decider, probability: float, doubtful: bool) -> None:
    """A reading less than the margin from its threshold leaves a doubt, on either side."""
    found = assessed({}, set())
    label = Behaviour.STIGMATISES
    found.behaviour.probabilities[label] = decider.threshold(label) + probability  # type: ignore[index]
    doubt = doubt_about(decider, EXCHANGE, found, NOWHERE, 0.1)
    assert (doubt is not None) == doubtful
    if doubt:
        assert (doubt.stricter.rules, doubt.milder.rules) == (("stigma.said",), ())
        assert doubt.open_rules == ("stigma.said",)
        assert doubt.milder.action == Action.DELIVER


def test_what_protects_moves_the_other_way(decider: Decider) -> None:
    """A protective behaviour just over its threshold may be missing after all."""
    found = assessed({Risk.DELUSION: RiskLevel.EXPLICIT}, {Behaviour.TESTS_REALITY})
    label = Behaviour.TESTS_REALITY
    found.behaviour.probabilities[label] = decider.threshold(label) + 0.05  # type: ignore[index]
    doubt = doubt_about(decider, EXCHANGE, found, NOWHERE, 0.1)
    assert doubt is not None
    assert doubt.open_rules == ("delusion.unquestioned",)


def test_a_plain_exchange_leaves_none(decider: Decider, assessor: Assessor) -> None:
    """Of a recipe the model is sure enough."""
    exchange = Exchange(Conversation.of([("user", "What goes into a pancake?")]), "Flour, milk and two eggs.")
    assessment = assessor.assess([exchange])[0]
    assert doubt_about(decider, exchange, assessment, NOWHERE, 0.1) is None
