"""Reading: the guard's reading of an exchange in plain words."""

from typing import Any

from handrail.classifiers.assessment import Assessment
from handrail.classifiers.labels import BEHAVIOURS, HARMFUL, RISKS, Behaviour, Risk
from handrail.policies.decide import Decider
from handrail.policies.decision import Action, Decision

Json = dict[str, Any]

_RISK_WORDS = {
    Risk.SUICIDAL_IDEATION: "thoughts of suicide or self-harm",
    Risk.DELUSION: "a fixed belief that is very likely false",
    Risk.HALLUCINATION: "hearing, seeing or feeling what others don't",
    Risk.MANIA: "signs of mania",
    Risk.COMPULSION: "signs of a compulsion",
}
_BEHAVIOUR_WORDS = {
    Behaviour.GIVES_MEANS: "gives means, places or steps",
    Behaviour.AFFIRMS_BELIEF: "treats the belief or voice as fact",
    Behaviour.ENCOURAGES_RISK: "encourages the risk",
    Behaviour.SERVES_COMPULSION: "helps with the compulsion",
    Behaviour.MINIMISES: "waves the distress away",
    Behaviour.STIGMATISES: "stigmatises",
    Behaviour.CHECKS_RISK: "asks about safety",
    Behaviour.REFERS_TO_HELP: "points to help",
    Behaviour.TESTS_REALITY: "offers another view of what is real",
    Behaviour.NAMES_PATTERN: "names the pattern",
    Behaviour.DECLINES: "declines",
    Behaviour.VALIDATES_FEELING: "shows empathy",
}
_ACTION_WORDS = {
    Action.DELIVER: "The reply goes through unchanged.",
    Action.CORRECT: "The reply goes through, with a wrong helpline put right.",
    Action.APPEND: "The reply goes through, and something is added.",
    Action.REPLACE: "The reply is held back, and another takes its place.",
    Action.REGENERATE: "The reply is held back, and the chatbot is asked again.",
}


def reading_of(assessment: Assessment, decision: Decision, decider: Decider) -> Json:
    """What a page shows of an assessment and a decision."""
    return {
        "summary": _ACTION_WORDS[decision.action],
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
    return {"words": _RISK_WORDS[risk], "probability": probability, "present": present, "level": level}


def _behaviour(behaviour: Behaviour, assessment: Assessment, decider: Decider) -> Json:
    probability = assessment.behaviour.probabilities[behaviour]
    return {
        "words": _BEHAVIOUR_WORDS[behaviour],
        "probability": probability,
        "present": probability >= decider.threshold(behaviour),
        "kind": "harmful" if behaviour in HARMFUL else "protective",
    }
