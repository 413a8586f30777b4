"""Words: a condition in plain English, part by part."""

from collections.abc import Iterable

from handrail.classifiers.labels import RiskLevel
from handrail.policies.condition import InSession, Range, When
from handrail.policies.thresholds import Level

_LEVELS = {None: "", RiskLevel.LATENT: " between the lines", RiskLevel.EXPLICIT: " openly"}


def sentence(when: When) -> str:
    """A whole condition, its parts joined by "and"."""
    said = ", and ".join(phrase(when, name) for name in asked(when))
    return said + (f" ({_threshold(when)})" if when.threshold is not None else "")


def asked(when: When) -> list[str]:
    """The names of the parts that a condition has, as truth.py names them."""
    return [n for n in When.model_fields if n not in {"level", "threshold"} and getattr(when, n)]


def phrase(when: When, name: str) -> str:
    """One part of a condition."""
    return {
        "risk": lambda: f"the conversation shows {words(when.risk or '')}{_LEVELS[when.level]}",
        "present": lambda: f"the reply {_or(when.present)}",
        "missing": lambda: f"it has none of: {', '.join(map(words, when.missing))}",
        "harm": lambda: f"a rule above finds {_or(when.harm)}",
        "fails": lambda: f"the reply fails {_or(when.fails)}",
        "session": lambda: _session(when.session) if when.session else "",
        "locale": lambda: f"the locale is {_or(when.locale)}",
        "route": lambda: f"the path is {_or(when.route)}",
        "persona": lambda: f"the persona is {_or(when.persona)}",
        "age_band": lambda: f"the age band is {_or(when.age_band)}",
        "hours": lambda: f"the hour is from {when.hours.first} to {when.hours.last}" if when.hours else "",
        "all_of": lambda: f"all of: ({'); ('.join(map(sentence, when.all_of))})",
        "any_of": lambda: f"any of: ({'); ('.join(map(sentence, when.any_of))})",
        "none_of": lambda: f"not: ({sentence(when.none_of)})" if when.none_of else "",
    }[name]()


def words(label: str) -> str:
    """A label without its underscores."""
    return str(label).replace("_", " ")


def _or(labels: Iterable[str]) -> str:
    return " or ".join(map(words, labels))


def _threshold(when: When) -> str:
    if isinstance(when.threshold, Level):
        return f"by the {when.threshold} thresholds"
    return f"from a probability of {when.threshold}"


def _session(asked: InSession) -> str:
    parts = [f"earlier {words(risk)} is carried at {least} or more" for risk, least in asked.carried.items()]
    if asked.rising is not None:
        parts.append("the risk is rising" if asked.rising else "the risk is not rising")
    counts = (
        ("turns", asked.turns),
        ("repaired replies", asked.interventions),
        ("turns since the last repaired reply", asked.since_intervention),
    )
    parts += [f"{name}: {_range(within)}" for name, within in counts if within is not None]
    return " and ".join(parts)


def _range(within: Range) -> str:
    bounds = (("at least", within.at_least), ("at most", within.at_most))
    return " and ".join(f"{name} {count}" for name, count in bounds if count is not None)
