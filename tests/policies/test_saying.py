from handrail.classifiers.exchange import Conversation
from handrail.classifiers.labels import RiskLevel
from handrail.policies.decision import Action
from handrail.policies.resources import read_directory
from handrail.policies.saying import Call, Speaker
from handrail.policies.texts import Moment, read_texts

SPEAKER = Speaker(read_texts(), read_directory(), "GB")
MOMENT = Moment(Conversation.of([("user", "hello")]), "Fine.")


def test_the_first_text_takes_the_place() -> None:
    """Of several texts that would replace, the first is said, with the resources of the place."""
    calls = [Call("crisis_replace", RiskLevel.LATENT), Call("mania_replace", None)]
    said = SPEAKER.say(calls, Action.REPLACE, MOMENT)
    assert "Samaritans" in said
    assert "sleep" not in said


def test_two_different_things_are_added_at_most() -> None:
    """Three texts to add, one of them twice: the first two are said, once each."""
    names = ("mania_append", "mania_append", "delusion_append", "compulsion_append")
    said = SPEAKER.say([Call(n, RiskLevel.LATENT) for n in names], Action.APPEND, MOMENT)
    assert said.count("\n\n") == 1


def test_nothing_is_left_to_add() -> None:
    """Where the reply says it already, nothing is added."""
    moment = Moment(MOMENT.conversation, "Are you thinking about suicide?")
    assert SPEAKER.say([Call("crisis_append", RiskLevel.LATENT)], Action.APPEND, moment) == ""
