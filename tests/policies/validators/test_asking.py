import sys
from pathlib import Path

import pytest

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.errors import PolicyError
from handrail.classifiers.exchange import Conversation, Exchange
from handrail.policies.context import Context
from handrail.policies.decision import Action
from handrail.policies.load import load_decider

POLICY = """
version: 1
name: ours
extends: default
validators:
  no_pepper: {use: own/no_word, module: asking_own, arguments: {word: pepper}, on_error: fail}
rules:
  - id: house.pepper
    harm: stigma
    why: This house does not speak of pepper.
    when: {fails: [no_pepper]}
    then: append
    text: stigma_replace
    examples:
      - {client: "What should I cook?", reply: Soup with pepper., fires: true}
      - {client: "What should I cook?", reply: Soup with salt., fires: false}
"""


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A policy that asks a validator of the operator's own, whose module Python finds."""
    monkeypatch.syspath_prepend(Path(__file__).parent)
    path = tmp_path / "ours.yaml"
    path.write_text(POLICY)
    return path


def test_a_rule_asks_a_validator(policy: Path, assessor: Assessor) -> None:
    """A rule fires where the validator it names fails the reply, and only there."""
    decider = load_decider(assessor.manifest.levels, policy)
    for reply, action in (("Soup with pepper.", Action.APPEND), ("Soup with salt.", Action.DELIVER)):
        exchange = Exchange(Conversation.of([("user", "What should I cook?")]), reply)
        (assessment,) = assessor.assess([exchange])
        context = decider.consulted(exchange, assessment, Context())
        assert decider.decide(exchange.conversation, assessment, context, reply=reply).action == action


def test_a_validator_that_raises_counts_as_the_policy_says(policy: Path, assessor: Assessor) -> None:
    """`on_error: fail` makes a validator that raises count as failed."""
    decider = load_decider(assessor.manifest.levels, policy)
    exchange = Exchange(Conversation.of([("user", "What should I cook?")]), "raise")
    (assessment,) = assessor.assess([exchange])
    assert decider.consulted(exchange, assessment).failed == {"no_pepper"}


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("own/no_word", "own/nothing", "validators.no_pepper.use"),
        ("asking_own", "no_such_module", "validators.no_pepper.module"),
        ("word: pepper", "wort: pepper", "validators.no_pepper.arguments"),
    ],
)
def test_what_cannot_be_had_is_named(
    policy: Path, assessor: Assessor, old: str, new: str, named: str
) -> None:
    """A validator that is not there, or can't be made, is named with the mend."""
    policy.write_text(POLICY.replace(old, new))
    with pytest.raises(PolicyError, match=named):
        load_decider(assessor.manifest.levels, policy)
    assert "guardrails" in sys.modules


@pytest.mark.parametrize("name", ["crisis_safe", "stigma_free"])
def test_ours_may_be_asked_too(tmp_path: Path, assessor: Assessor, name: str) -> None:
    """A policy may name any registered validator, our own included."""
    path = tmp_path / "p.yaml"
    path.write_text(
        POLICY.replace("own/no_word", f"handrail/{name}").replace(
            ", module: asking_own, arguments: {word: pepper}", ""
        )
    )
    assert load_decider(assessor.manifest.levels, path).policy.validators
