"""Schema: the policy language as JSON Schema, for editors that check and complete while one writes.

`python -m handrail.policies.schema` prints it; docs/policy.schema.json holds it, and a test compares.
"""

import json
import sys
from typing import Any

from pydantic import TypeAdapter

from handrail.policies.policy import Policy
from handrail.policies.source import Extension


def policy_schema() -> dict[str, Any]:
    """A policy, or one that extends another, as JSON Schema 2020-12."""
    schema = TypeAdapter(Policy | Extension).json_schema(by_alias=True)
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "handrail policy",
        "description": "What a guard does about a reply. The language by example: docs/policy.md.",
    }
    return {**head, **schema}


def written() -> str:
    """The schema as it is checked in."""
    return json.dumps(policy_schema(), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(written())
