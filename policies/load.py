"""Load: a decider from files, each of them ours where none is named."""

from pathlib import Path

from handrail.classifiers.errors import PolicyError
from handrail.policies.decide import Decider
from handrail.policies.languages import read_languages
from handrail.policies.outside import Ask, Outsides, nobody
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
    read = read_policy(policy)
    ask = _asking(read.validators) if read.validators else nobody
    return Decider(read, levels, read_languages(texts), read_directory(resources), ask=ask)


def _asking(declared: Outsides) -> Ask:
    """The validators of Guardrails AI that a policy names: only then must it be installed."""
    try:
        # The package's own import silences Guardrails before anything of it is used.
        from handrail.policies.validators.asking import asking  # noqa: PLC0415
    except ImportError as error:
        message = (
            "validators: Guardrails AI is not installed; add it with `pip install 'handrail[guardrails]'`"
        )
        raise PolicyError(message) from error
    return asking(declared)
