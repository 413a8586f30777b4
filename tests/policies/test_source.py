from pathlib import Path

import pytest

from handrail.classifiers.errors import PolicyError
from handrail.policies.decision import Severity
from handrail.policies.source import default_policy_path, read_policy, read_source

NEW_RULE = """
  - id: night.open
    harm: crisis_mishandling
    why: At night somebody should look at once.
    when: {risk: suicidal_ideation, level: explicit, hours: {from: 22, to: 6}}
    then: deliver
    escalate: true
    examples:
      - {client: a, reply: b, fires: true, context: {hour: 3}}
      - {client: a, reply: b, fires: false, context: {hour: 12}}
"""


def _written(tmp_path: Path, body: str, name: str = "mine.yaml", extends: str = "default") -> Path:
    path = tmp_path / name
    path.write_text(f"version: 1\nname: {path.stem}\nextends: {extends}\n{body}")
    return path


def test_nothing_said_is_nothing_changed(tmp_path: Path) -> None:
    """A policy that extends another and says nothing has the same rules, holding and thresholds."""
    source = read_source(_written(tmp_path, ""))
    assert source.parent == read_policy()
    assert source.policy.model_copy(update={"name": "default"}) == source.parent
    assert source.paths == (tmp_path / "mine.yaml", default_policy_path())


def test_a_rule_is_changed_field_by_field(tmp_path: Path) -> None:
    """What is said of an inherited rule changes that and nothing else, at the rule's own place."""
    found = read_policy(
        _written(tmp_path, "rules:\n  - {id: mania.unnoticed, severity: high, cooldown: 2}\n")
    )
    before = read_policy()
    assert [r.id for r in found.rules] == [r.id for r in before.rules]
    changed = {r.id: r for r in found.rules if r not in before.rules}
    assert list(changed) == ["mania.unnoticed"]
    assert (changed["mania.unnoticed"].severity, changed["mania.unnoticed"].cooldown) == (Severity.HIGH, 2)


def test_new_rules_come_first_and_dropped_ones_go(tmp_path: Path) -> None:
    """New rules stand above the inherited ones; dropped ones are gone; thresholds are merged."""
    first = _written(tmp_path, "thresholds: {mania: 0.5, delusion: 0.6}\ndrop: [stigma.said]", "first.yaml")
    second = _written(tmp_path, f"thresholds: {{mania: sensitive}}\nrules:{NEW_RULE}", extends=first.name)
    found = read_policy(second)
    assert found.rules[0].id == "night.open"
    assert "stigma.said" not in {r.id for r in found.rules}
    assert found.thresholds == {"mania": "sensitive", "delusion": 0.6}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("drop: [nothing]", "mine.yaml:4: drop: there is no nothing among crisis.means"),
        ("rules:\n  - {severity: high}", "mine.yaml:5: rules.0.id: Field required"),
        ("rules:\n  - {id: mania.unnoticed, severity: loud}", "mine.yaml:5: rules.0.severity"),
        ("rules:\n  - {id: mania.unnoticed, then: deliver}", "deliver takes none"),
        ("rules:\n  - {id: brand.new, severity: high}", "mine.yaml:5: rules.0.harm: Field required"),
        ("thresholds: {mania: loud}", "mine.yaml:4: thresholds.mania"),
        ("thresholds: {default: 0.5}", "thresholds.default must be cautious, balanced, sensitive"),
        ("shout: true", "mine.yaml:4: shout: Extra inputs"),
    ],
)
def test_what_is_wrong_is_named_where_it_was_written(tmp_path: Path, body: str, message: str) -> None:
    """A mistake in a policy that extends another is named by that file's line, field and mend."""
    with pytest.raises(PolicyError) as raised:
        read_policy(_written(tmp_path, body))
    assert message in str(raised.value)


def test_a_wrong_field_after_merging_has_its_line(tmp_path: Path) -> None:
    """What only shows in the whole policy is still named by the line of the change that caused it."""
    body = "rules:\n  - {id: mania.unnoticed, severity: high}\n  - id: stigma.said\n    then: deliver\n"
    with pytest.raises(PolicyError, match=r"mine.yaml:6: rules.11: every action but deliver"):
        read_policy(_written(tmp_path, body))


def test_policies_cannot_extend_each_other_in_a_ring(tmp_path: Path) -> None:
    """A ring of policies is refused instead of followed."""
    _written(tmp_path, "", "a.yaml", "b.yaml")
    with pytest.raises(PolicyError, match="extends this file in turn"):
        read_policy(_written(tmp_path, "", "b.yaml", "a.yaml"))


def test_a_policy_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A policy that extends a missing file says which file that is."""
    with pytest.raises(PolicyError, match=r"gone.yaml can't be read"):
        read_policy(_written(tmp_path, "", extends="gone.yaml"))
