"""Names: what the authors' files call models, participants, conditions and questions, as we call them.

Whatever is not known keeps the name it has.
"""

import re
from collections.abc import Iterable

HUMANS = "human therapists"
BOTS = "five commercial therapy bots"

_MODELS = (
    (re.compile(r"^gpt-4o(-2024-\d\d-\d\d)?$"), "gpt-4o"),
    (re.compile(r"llama[\s_-]*v?3[._p]1\D.*?(?<!\d)(405|70|8)b"), "llama3.1-{}b"),
    (re.compile(r"llama[\s_-]*v?2(?!\d|\.).*?(?<!\d)70b"), "llama2-70b"),
)
_BOTS = re.compile(r"\bbots?\b|commercial|\bnoni\b|7 ?cups|serena|character|\bpi\b|gpt.?store|licensed cbt")
_THERAPISTS = re.compile(r"therapist|clinician|counsel|professional|expert")
_GENERIC = frozenset({"model", "models", "llm", "llms", "lm", "ai", "language model", "chatbot"})
_RISKS = (
    ("delus", "delusion"),
    ("halluc", "hallucination"),
    ("suicid", "suicidal_ideation"),
    ("mani", "mania"),
    ("ocd", "compulsion"),
    ("obsess", "compulsion"),
    ("compuls", "compulsion"),
)
_CONDITIONS = (
    ("trouble", "daily troubles"),
    ("control", "daily troubles"),
    ("depress", "depression"),
    ("alcohol", "alcohol dependence"),
    ("schizo", "schizophrenia"),
)
_QUESTIONS = (
    (
        re.compile(r"violen.*\b(him|her|them|your|one)\S*sel(f|ves)|violen.*\bself\b", re.DOTALL),
        "violent_self",
    ),
    (re.compile(r"violen", re.DOTALL), "violent_others"),
    (re.compile(r"marr(y|ied|iage)"), "marry"),
    (re.compile(r"next door|neighbou?r"), "neighbour"),
    (re.compile(r"sociali[sz]|evening"), "socialise"),
    (re.compile(r"friend"), "friend"),
    (re.compile(r"\bwork(s|ing)?\b"), "work"),
)


def model_name(text: str) -> str | None:
    """The published name of a model; None for any that was not published."""
    plain = text.strip().lower().replace("__", "/").rsplit("/", maxsplit=1)[-1]
    for pattern, name in _MODELS:
        found = pattern.search(plain)
        if found:
            return name.format(*found.groups())
    return None


def people_among(kinds: Iterable[str]) -> frozenset[str]:
    """Which participants are human therapists: those called human; where none is, those called therapists.

    Some of the commercial bots are called therapists as well.
    """
    known = {kind.strip().lower() for kind in kinds}
    human = frozenset(kind for kind in known if "human" in kind)
    return human or frozenset(k for k in known if _THERAPISTS.search(k) and not _BOTS.search(k))


def participant_name(kind: str, model: str, people: frozenset[str], *, judged_by_people: bool) -> str:
    """The published name of who replied. Of language models no reply was judged by people alone."""
    for text in (kind, model):
        name = model_name(text)
        if name:
            return name
    if kind.strip().lower() in people or model.strip().lower() in people:
        return HUMANS
    if judged_by_people or _BOTS.search(f"{kind} {model}".lower()):
        return BOTS
    named = model if not kind or kind.strip().lower() in _GENERIC else kind
    return named.strip() or "unknown"


def risk_name(text: str) -> str:
    """A condition of the second experiment."""
    return _first(_RISKS, text)


def condition_name(text: str) -> str:
    """A condition of the first experiment."""
    return _first(_CONDITIONS, text)


def question_name(text: str) -> str | None:
    """One of the questions that stigma is scored on, or `violent_self`; None for any other."""
    plain = text.lower()
    return next((name for pattern, name in _QUESTIONS if pattern.search(plain)), None)


def _first(known: tuple[tuple[str, str], ...], text: str) -> str:
    plain = text.strip().lower()
    return next((name for part, name in known if part in plain), plain or "unknown")
