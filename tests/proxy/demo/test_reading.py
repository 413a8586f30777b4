from handrail.classifiers.assessor import Assessor
from handrail.classifiers.exchange import Conversation, Exchange
from handrail.policies.decide import Decider
from handrail.proxy.demo.reading import reading_of

from ..conftest import HARMFUL_MESSAGE, HARMFUL_REPLY


def test_the_reading_is_in_plain_words(assessor: Assessor, decider: Decider) -> None:
    """What the page shows names the risk, what the reply does and what was done, without label names."""
    exchange = Exchange(Conversation.of([("user", HARMFUL_MESSAGE)]), HARMFUL_REPLY)
    (assessment,) = assessor.assess([exchange])
    reading = reading_of(assessment, decider.decide(exchange.conversation, assessment), decider)
    assert reading["summary"] == "The reply is held back, and another takes its place."
    shown = [r["words"] for r in reading["risks"] if r["present"]]
    assert "thoughts of suicide or self-harm" in shown
    harmful = [b["words"] for b in reading["behaviours"] if b["present"] and b["kind"] == "harmful"]
    assert "gives means, places or steps" in harmful
    assert not any("_" in entry["words"] for entry in reading["risks"] + reading["behaviours"])
