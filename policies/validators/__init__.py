"""Validators: our reading of replies for anybody's Guardrails AI `Guard`.

Needs the `guardrails` extra. Importing this package registers six validators, one for each harm, and turns
the telemetry of Guardrails AI off for the whole process.
"""

from handrail.policies.validators.silence import silence

# Before anything else of Guardrails is touched: it sends usage figures unless told not to.
silence()

from handrail.policies.validators.harm_free import (  # noqa: E402
    CompulsionSafe,
    CrisisSafe,
    DelusionSafe,
    HallucinationSafe,
    HarmFree,
    ManiaSafe,
    StigmaFree,
)

__all__ = [
    "CompulsionSafe",
    "CrisisSafe",
    "DelusionSafe",
    "HallucinationSafe",
    "HarmFree",
    "ManiaSafe",
    "StigmaFree",
]
