"""Registry: what Inspect's own command line finds here, as in `inspect eval handrail/appropriate`."""

from handrail.evals.experiments.appropriate import appropriate, recorded
from handrail.evals.experiments.drift import drift
from handrail.evals.experiments.harmless import harmless
from handrail.evals.experiments.mapping import mapping
from handrail.evals.experiments.solving import ask_each, converse
from handrail.evals.experiments.stigma import coded, free_text, stigma
from handrail.evals.judges.scoring import judged
from handrail.evals.targets.provider import Provider

__all__ = [
    "Provider",
    "appropriate",
    "ask_each",
    "coded",
    "converse",
    "drift",
    "free_text",
    "harmless",
    "judged",
    "mapping",
    "recorded",
    "stigma",
]
