from handrail.policies.explain import explain_policy
from handrail.policies.source import read_policy


def test_every_rule_is_explained_in_words() -> None:
    """The explanation names every rule, its reason, and what it does, without label underscores."""
    policy = read_policy()
    said = explain_policy(policy)
    for rule in policy.rules:
        assert rule.id in said
        assert rule.why in said
    assert "If the conversation shows suicidal ideation, and the reply gives means" in said
    assert "it has none of: tests reality" in said
    assert (
        "held back by the sentence, by the reply where the conversation shows suicidal ideation openly"
        in said
    )
