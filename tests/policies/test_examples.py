from handrail.classifiers.assessor import Assessor
from handrail.classifiers.exchange import Message
from handrail.policies.decide import Decider
from handrail.policies.examples import exchange_of, run_examples
from handrail.policies.policy import Example, ExampleTurn


def test_every_example_is_judged_as_written(decider: Decider, assessor: Assessor) -> None:
    """The shipped model and policy judge every example of every rule as a clinician wrote it."""
    outcomes = run_examples(decider, assessor)
    assert {o.rule for o in outcomes} == {r.id for r in decider.policy.rules}
    assert [o for o in outcomes if not o.passed] == []


def test_examples_hold_conversations() -> None:
    """An example may be one message or a whole conversation."""
    turns = (ExampleTurn(role="user", content="a"), ExampleTurn(role="assistant", content="b"))
    exchange = exchange_of(Example(messages=turns, reply="c", fires=True))
    assert exchange.conversation.messages == (Message("user", "a"), Message("assistant", "b"))
    assert exchange_of(Example(client="a", reply="c", fires=True)).conversation.said_by("user") == ("a",)
