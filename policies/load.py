"""Load: a decider from files, each of them ours where none is named."""

from collections.abc import Mapping
from pathlib import Path

from handrail.policies.decide import Decider
from handrail.policies.policy import read_policy
from handrail.policies.resources import read_directory
from handrail.policies.texts import read_texts


def load_decider(
    thresholds: Mapping[str, float],
    policy: Path | None = None,
    texts: Path | None = None,
    resources: Path | None = None,
) -> Decider:
    """Read policy, texts and resources, bound to a model's thresholds. Raises PolicyError."""
    return Decider(read_policy(policy), thresholds, read_texts(texts), read_directory(resources))
