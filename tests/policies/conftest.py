"""Policies, readings and contexts of any kind, for what must hold of all of them."""

from typing import Any

from hypothesis import strategies as st

from handrail.classifiers.assessment import Assessment, BehaviourReading, RiskReading
from handrail.classifiers.labels import BEHAVIOURS, HARMS, RISKS
from handrail.policies.context import Context
from handrail.policies.policy import Policy
from handrail.policies.session import SessionState

Json = dict[str, Any]
EXAMPLES = [{"client": "a", "reply": "b", "fires": True}, {"client": "a", "reply": "c", "fires": False}]
# Few of each, so that rules meet.
_SOME = BEHAVIOURS[:2] + BEHAVIOURS[6:9]
_TEXTS = ["crisis_append", "mania_append"]
_BANDS = ["13-17", "18+"]
_chance = st.sampled_from([0.05, 0.35, 0.55, 0.75, 0.99])
_behaviours = st.lists(st.sampled_from(_SOME), max_size=2, unique=True)
_thresholds = st.sampled_from([None, None, 0.6, "cautious", "sensitive"])


@st.composite
def conditions(draw: st.DrawFn, harms: tuple[str, ...] = (), depth: int = 2, risk: bool = False) -> Json:
    """A condition, at most so many deep, that may ask for harms of rules above."""
    named = draw(st.sampled_from([None, *RISKS[:3]]))
    inner = conditions(harms, depth - 1, risk or named is not None) if depth else st.nothing()
    found: Json = {
        "risk": named,
        "level": draw(st.sampled_from([None, "latent", "explicit"])) if named else None,
        "present": draw(_behaviours),
        "missing": draw(_behaviours) if risk or named else [],
        "harm": draw(st.lists(st.sampled_from(harms), max_size=1)) if harms else [],
        "age_band": draw(st.lists(st.sampled_from(_BANDS), max_size=1)),
        "session": draw(st.sampled_from([None, None, {"rising": True}])),
        "all": draw(st.lists(inner, max_size=2)) if depth else [],
        "any": draw(st.lists(inner, max_size=2)) if depth else [],
        "not": draw(st.none() | inner) if depth else None,
    }
    if not any(found.values()):
        found["present"] = [draw(st.sampled_from(_SOME))]
    if found["risk"] or found["present"] or found["missing"]:
        found["threshold"] = draw(_thresholds)
    return found


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """A policy of up to four rules, with every action, cooldowns, final rules and named thresholds."""
    rules: list[Json] = []
    for number in range(draw(st.integers(1, 4))):
        then = draw(st.sampled_from(["deliver", "append", "replace"]))
        above = tuple(dict.fromkeys(rule["harm"] for rule in rules))
        rules.append(
            {
                "id": f"rule{number}",
                "harm": draw(st.sampled_from(HARMS[:3])),
                "why": "Because.",
                "when": draw(conditions(above)),
                "then": then,
                "text": None if then == "deliver" else draw(st.sampled_from(_TEXTS)),
                "escalate": draw(st.booleans()),
                "cooldown": draw(st.integers(0, 2)) if then == "append" else 0,
                "final": draw(st.booleans()),
                "examples": EXAMPLES,
            }
        )
    levels = draw(st.sampled_from([{}, {"default": "sensitive"}, {"mania": 0.9, "default": "cautious"}]))
    return Policy.model_validate({"version": 1, "name": "any", "rules": rules, "thresholds": levels})


@st.composite
def assessments(draw: st.DrawFn) -> Assessment:
    """A reading of any probabilities."""
    present = {risk: draw(_chance) for risk in RISKS}
    explicit = {risk: min(present[risk], draw(_chance)) for risk in RISKS}
    found = BehaviourReading({behaviour: draw(_chance) for behaviour in BEHAVIOURS})
    return Assessment(RiskReading(present, explicit), found, "by hand", 0.0)


def contexts() -> st.SearchStrategy[Context]:
    """Contexts that the conditions ask about, and empty ones."""
    session = st.builds(SessionState, rising=st.booleans(), since_intervention=st.sampled_from([None, 1, 3]))
    return st.builds(Context, age_band=st.sampled_from([None, *_BANDS]), session=st.none() | session)
