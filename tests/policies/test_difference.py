from pathlib import Path

from handrail.policies.difference import difference
from handrail.policies.source import read_source

MINE = """
version: 1
name: mine
extends: default
hold: {default: reply}
thresholds: {mania: sensitive}
drop: [compulsion.unnamed]
rules:
  - id: stigma.said
    severity: critical
    tags: [ours]
    when: {present: [stigmatises], threshold: sensitive}
  - id: teen.night
    harm: crisis_mishandling
    why: A teenager at night.
    when: {risk: suicidal_ideation, age_band: [13-17], hours: {from: 22, to: 6}}
    then: deliver
    escalate: true
    examples:
      - {client: a, reply: b, fires: true}
      - {client: a, reply: b, fires: false}
"""


def test_a_difference_can_be_read_aloud(tmp_path: Path) -> None:
    """What was added, left out and changed is said in words, a line each, and nothing else is."""
    path = tmp_path / "mine.yaml"
    path.write_text(MINE)
    source = read_source(path)
    assert source.parent is not None
    lines = difference(source.parent, source.policy)
    assert [line.split(":")[0].split(" (")[0] for line in lines] == [
        "~ name",
        "~ hold",
        "~ thresholds.mania",
        "- compulsion.unnamed",
        "+ teen.night",
        "~ stigma.said",
        "~ stigma.said",
        "~ stigma.said",
    ]
    assert "~ thresholds.mania: the model's -> sensitive" in lines
    said = "\n".join(lines)
    assert "the reply stigmatises -> the reply stigmatises (by the sensitive thresholds)" in said
    assert "severity: high -> critical" in said
    assert (
        "the age band is 13-17, and the hour is from 22 to 6: deliver it and record it and escalate" in said
    )


def test_the_same_policy_does_not_differ() -> None:
    """Between a policy and itself there is nothing to say."""
    policy = read_source().policy
    assert difference(policy, policy) == []


def test_a_changed_order_is_told() -> None:
    """Order is precedence, so a changed order is a difference."""
    policy = read_source().policy
    turned = policy.model_copy(update={"rules": policy.rules[::-1]})
    (line,) = difference(policy, turned)
    assert line.startswith("~ order of rules: crisis.means, ")
