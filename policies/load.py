"""Load: a decider from files, each of them ours where none is named."""

from pathlib import Path

from handrail.policies.decide import Decider
from handrail.policies.languages import read_languages
from handrail.policies.resources import read_directory
from handrail.policies.source import read_policy
from handrail.policies.thresholds import Levels


def load_decider(
    levels: Levels,
    policy: Path | None = None,
    texts: Path | None = None,
    resources: Path | None = None,
) -> Decider:
    """Read policy, texts and resources, bound to a model's sets of thresholds. Raises PolicyError."""
    return Decider(read_policy(policy), levels, read_languages(texts), read_directory(resources))
