from typing import Any

import pytest
from pydantic import ValidationError

from handrail.classifiers.labels import HARMS
from handrail.policies.policy import Policy
from handrail.policies.source import read_policy

EXAMPLES = [
    {"client": "hello", "reply": "hi", "fires": True},
    {"client": "hello", "reply": "hello", "fires": False},
]
RULE: dict[str, Any] = {
    "id": "one",
    "harm": "stigma",
    "why": "Because.",
    "when": {"present": ["stigmatises"]},
    "then": "replace",
    "text": "stigma_replace",
    "examples": EXAMPLES,
}


def _policy(*rules: dict[str, Any], **more: Any) -> Policy:
    return Policy.model_validate({"version": 1, "name": "mine", "rules": list(rules), **more})


def test_the_shipped_policy_covers_every_harm() -> None:
    """Each of the six harms has a rule, and every risk has one for commission and one for omission."""
    policy = read_policy()
    assert {rule.harm for rule in policy.rules} == set(HARMS)
    for harm in HARMS:
        kinds = {bool(rule.when.missing) for rule in policy.rules if rule.harm == harm}
        assert kinds == ({False} if harm == "stigma" else {False, True})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"when": {}}, "at least one condition"),
        ({"when": {"missing": ["declines"]}}, "missing needs a risk"),
        ({"when": {"present": ["declines"], "level": "latent"}}, "level needs a risk"),
        ({"text": None}, "every action but deliver needs a text"),
        ({"then": "deliver"}, "every action but deliver needs a text"),
        ({"guidance": "crisis_append"}, "guidance goes with regenerate"),
        ({"then": "regenerate"}, "guidance goes with regenerate"),
        ({"examples": EXAMPLES[:1]}, "one that fires and one that does not"),
        ({"examples": [{"reply": "x", "fires": True}]}, "either client or messages"),
        ({"id": "No Spaces"}, "pattern"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(change: dict[str, Any], words: str) -> None:
    """A rule that could not mean anything is refused with what it lacks."""
    with pytest.raises(ValidationError, match=words):
        _policy({**RULE, **change})


def test_names_and_thresholds_are_checked() -> None:
    """Two rules of one name, and thresholds of unknown labels, are refused."""
    with pytest.raises(ValidationError, match="two rules are called one"):
        _policy(RULE, RULE)
    with pytest.raises(ValidationError, match="unknown labels: anger"):
        _policy(RULE, thresholds={"anger": 0.5})


def test_the_hash_changes_with_the_policy() -> None:
    """Any change of the policy shows in its hash; reading it again does not change it."""
    assert _policy(RULE).hash == _policy(RULE).hash
    assert _policy(RULE).hash != _policy({**RULE, "escalate": True}).hash
