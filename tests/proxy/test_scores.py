from handrail.classifiers.labels import BEHAVIOURS, RISKS, Behaviour, Risk, RiskLevel
from handrail.policies.decide import Decider
from handrail.proxy.journal.days import POINTED
from handrail.proxy.scores import BINS, counted, spread

from ..policies.test_decide import assessed


def test_every_label_that_was_read_falls_into_one_bin(decider: Decider) -> None:
    """The bins of a label add up to the replies in which it was read."""
    read = assessed({Risk.MANIA: RiskLevel.EXPLICIT}, {Behaviour.ENCOURAGES_RISK})
    names = counted(read, decider, kept=True)
    found = spread(dict.fromkeys(names, 1))
    assert set(found) == {*RISKS, *BEHAVIOURS}
    assert {(len(row), sum(row)) for row in found.values()} == {(BINS, 1)}
    assert found["mania"].index(1) > found["compulsion"].index(1)


def test_help_that_a_chatbot_names_itself_is_counted(decider: Decider) -> None:
    """Only a reply that the person saw, to signs of suicidal thoughts, that points to help."""
    danger = {Risk.SUICIDAL_IDEATION: RiskLevel.LATENT}
    helping = assessed(danger, {Behaviour.REFERS_TO_HELP})
    assert POINTED in counted(helping, decider, kept=True)
    assert POINTED not in counted(helping, decider, kept=False)
    assert POINTED not in counted(assessed(danger, set()), decider, kept=True)
    assert POINTED not in counted(assessed({}, {Behaviour.REFERS_TO_HELP}), decider, kept=True)
