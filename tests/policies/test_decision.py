import pytest

from handrail.policies.decision import Action, Decision


def _decision(action: Action) -> Decision:
    return Decision(action, False, None, (), {}, "Please wait.", "abc")


@pytest.mark.parametrize(
    ("action", "reply", "delivered"),
    [
        (Action.DELIVER, "Hello.", "Hello."),
        (Action.DELIVER, "  spaces \n", "  spaces \n"),
        (Action.APPEND, "Hello.", "Hello.\n\nPlease wait."),
        (Action.APPEND, "", "Please wait."),
        (Action.REPLACE, "Hello.", "Please wait."),
    ],
)
def test_what_the_person_gets(action: Action, reply: str, delivered: str) -> None:
    """A kept reply is kept to the letter; an addition stands in a paragraph of its own."""
    assert _decision(action).delivered(reply) == delivered
