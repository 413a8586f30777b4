"""Reading: the guard's reading of an exchange in plain words."""

from typing import Any

from handrail.classifiers.assessment import Assessment
from handrail.classifiers.labels import BEHAVIOURS, HARMFUL, RISKS, Behaviour, Risk
from handrail.policies.decide import Decider
from handrail.policies.decision import Decision
from handrail.proxy.review.words import ACTION_WORDS, BEHAVIOUR_WORDS, RISK_WORDS

Json = dict[str, Any]


def reading_of(assessment: Assessment, decision: Decision, decider: Decider) -> Json:
    """What a page shows of an assessment and a decision."""
    return {
        "summary": ACTION_WORDS[decision.action],
        "action": str(decision.action),
        "reasons": [fired.why for fired in decision.fired],
        "rules": list(decision.rules),
        "risks": [_risk(r, assessment, decider) for r in RISKS],
        "behaviours": [_behaviour(b, assessment, decider) for b in BEHAVIOURS],
        "milliseconds": round(assessment.seconds * 1000),
    }


def _risk(risk: Risk, assessment: Assessment, decider: Decider) -> Json:
    probability = assessment.risk.present[risk]
    explicit = assessment.risk.explicit[risk] >= decider.threshold(f"{risk}.explicit")
    present = explicit or probability >= decider.threshold(risk)
    level = ("openly" if explicit else "between the lines") if present else "no sign"
    return {"words": RISK_WORDS[risk], "probability": probability, "present": present, "level": level}


def _behaviour(behaviour: Behaviour, assessment: Assessment, decider: Decider) -> Json:
    probability = assessment.behaviour.probabilities[behaviour]
    return {
        "words": BEHAVIOUR_WORDS[behaviour],
        "probability": probability,
        "present": probability >= decider.threshold(behaviour),
        "kind": "harmful" if behaviour in HARMFUL else "protective",
    }
