from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from handrail.policies.schema import policy_schema, written
from handrail.policies.source import default_policy_path

ROOT = Path(__file__).parents[2]


def test_the_published_schema_is_current() -> None:
    """The schema in the docs is what `handrail policy schema` prints."""
    assert (ROOT / "docs" / "policy.schema.json").read_text() == written()


def test_the_shipped_policy_keeps_the_schema() -> None:
    """The schema takes the shipped policy as it is written."""
    values = yaml.safe_load(default_policy_path().read_text())
    jsonschema.Draft202012Validator.check_schema(policy_schema())
    jsonschema.validate(values, policy_schema())


@pytest.mark.parametrize(
    ("change", "good"),
    [
        ({"rules": [{"id": "stigma.said", "severity": "low"}]}, True),
        ({"thresholds": {"default": "sensitive", "mania": 0.7}}, True),
        ({"hold": {"when": [{"age_band": ["13-17"], "hold": "reply"}]}}, True),
        ({"rules": [{"severity": "low"}]}, False),
        ({"rules": [{"id": "stigma.said", "severity": "loud"}]}, False),
        ({"rules": [{"id": "x", "when": {"any": [{"anger": True}]}}]}, False),
        ({"rules": [{"id": "x", "when": {"hours": {"from": 22, "to": 25}}}]}, False),
        ({"rule": []}, False),
    ],
)
def test_the_schema_knows_what_can_be_written(change: dict[str, Any], good: bool) -> None:
    """An editor with the schema tells what the language has from what it does not."""
    values = {"version": 1, "name": "mine", "extends": "default", **change}
    assert jsonschema.Draft202012Validator(policy_schema()).is_valid(values) is good
