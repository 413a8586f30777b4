"""Load: a decider from files, each of them ours where none is named."""

from collections.abc import Mapping
from pathlib import Path

from handrail.policies.decide import Decider
from handrail.policies.languages import read_languages
from handrail.policies.policy import read_policy
from handrail.policies.resources import read_directory


def load_decider(
    thresholds: Mapping[str, float],
    policy: Path | None = None,
    texts: Path | None = None,
    resources: Path | None = None,
) -> Decider:
    """Read policy, texts and resources, bound to a model's thresholds. Raises PolicyError."""
    return Decider(read_policy(policy), thresholds, read_languages(texts), read_directory(resources))
