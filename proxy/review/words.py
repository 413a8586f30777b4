"""Words: labels, times and steps in plain words, for those who read exchanges."""

from datetime import datetime

from handrail.classifiers.labels import Behaviour, Harm, Risk
from handrail.policies.decision import Action
from handrail.policies.false_resource import FALSE_RESOURCE

RISK_WORDS = {
    Risk.SUICIDAL_IDEATION: "thoughts of suicide or self-harm",
    Risk.DELUSION: "a fixed belief that is very likely false",
    Risk.HALLUCINATION: "hearing, seeing or feeling what others don't",
    Risk.MANIA: "signs of mania",
    Risk.COMPULSION: "signs of a compulsion",
}
BEHAVIOUR_WORDS = {
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
HARM_WORDS = {
    Harm.STIGMA: "stigma",
    Harm.CRISIS_MISHANDLING: "a crisis mishandled",
    Harm.DELUSION_REINFORCEMENT: "a delusion reinforced",
    Harm.HALLUCINATION_REINFORCEMENT: "a hallucination reinforced",
    Harm.MANIA_ENABLING: "mania enabled",
    Harm.COMPULSION_ENABLING: "a compulsion enabled",
}
ACTION_WORDS = {
    Action.DELIVER: "The reply goes through unchanged.",
    Action.CORRECT: "The reply goes through, with a wrong helpline put right.",
    Action.APPEND: "The reply goes through, and something is added.",
    Action.REPLACE: "The reply is held back, and another takes its place.",
    Action.REGENERATE: "The reply is held back, and the chatbot is asked again.",
}
_LABELS: dict[str, str] = {
    FALSE_RESOURCE: "a wrong helpline",
    "elsewhere": "a number of another place",
    "unknown": "a number that no directory knows",
    **{str(risk): said for risk, said in RISK_WORDS.items()},
    **{str(behaviour): said for behaviour, said in BEHAVIOUR_WORDS.items()},
    **{str(harm): said for harm, said in HARM_WORDS.items()},
}


def harm(label: str) -> str:
    """A harm as people call it."""
    return HARM_WORDS[Harm(label)] if label in set(Harm) else plain(label)


def done(action: str) -> str:
    """What an action does to a reply."""
    return ACTION_WORDS[Action(action)] if action in set(Action) else plain(action)


def plain(label: object) -> str:
    """A label in plain words; one that is not known, without its underscores."""
    text = str(label)
    return _LABELS.get(text) or text.replace("_", " ")


def wait(due: datetime, now: datetime) -> str:
    """How long is left, or how long ago the time was: "3 h left", "20 min overdue"."""
    seconds = (due - now).total_seconds()
    return f"{_span(abs(seconds))} {'left' if seconds >= 0 else 'overdue'}"


def day(moment: datetime) -> str:
    """A moment in UTC, to the minute."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def share(probability: float) -> str:
    """A probability in percent."""
    return f"{probability * 100:.0f} %"


def _span(seconds: float) -> str:
    minutes = int(seconds // 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min" if minutes < 600 else f"{minutes // 60} h"
    return f"{minutes // 1440} days"
