"""Tone: the rules that every text is held to, whoever wrote it. They find slips; they are no reviewer."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from handrail.classifiers.labels import RiskLevel
from handrail.policies.readability import grade
from handrail.policies.texts import RESOURCES, SERVICE, Texts, Variant

_MOST_WORDS = {"append": 60, "guidance": 150}
_MOST_WORDS_ELSE = 115
_MOST_IN_SENTENCE = 36
_MOST_SENTENCES_ADDED = 2
_FEWEST_EACH_TIME = 3
# A common aim for health texts in the United States is the sixth to eighth grade.
HARDEST = 8.0

# English words that have no place in what a person reads at their worst, and what is wrong with them.
_ENGLISH: tuple[tuple[str, str], ...] = (
    (r"symptoms?|psychotic|ideation|compliance|delusion(?:s|al)?|hallucinations?", "jargon"),
    (r"commit(?:ted)? suicide|you must|you should have|your fault|attention.seeking|overreact\w*", "blame"),
    (r"calm down|cheer up|snap out|get over it|look on the bright side|at least you", "dismissal"),
    (r"confidential\w*|between us|our secret|won't tell anyone|anonymous\w*", "a promise of confidentiality"),
    (r"i understand exactly|i know how you feel|i am here for you|i'm here for you|i care about you",
     "a closeness that a program can't give"),
    (r"schizophrenics?|addicts?|crazy|insane|lunatic", "a person named as an illness"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a text: its name, the number of the variant (from 1), and the mend."""

    text: str
    variant: int
    message: str

    def __str__(self) -> str:
        return f"{self.text} variant {self.variant}: {self.message}"


def problems_of(texts: Texts) -> list[Problem]:
    """All that breaks a rule in the texts of a language."""
    found = [
        Problem(name, number, message)
        for name, variants in texts.texts.items()
        for number, variant in enumerate(variants, start=1)
        for message in _problems(name, variant, texts.language)
    ]
    return found + list(_too_few(texts)) + list(_alike(texts)) + list(_guidance(texts))


def grade_of(variant: Variant) -> float:
    """The school grade a variant asks for, without what stands for resources."""
    return grade(_bare(variant.say))


def _problems(name: str, variant: Variant, language: str) -> Iterator[str]:
    bare, kind = _bare(variant.say), name.rpartition("_")[2]
    most = _MOST_WORDS.get(kind, _MOST_WORDS_ELSE)
    if len(bare.split()) > most:
        yield f"has {len(bare.split())} words; at most {most} are read"
    ends = re.split(r"(?<=[.?!])\s+", bare.strip())
    longest = max(len(s.split()) for s in re.split(r"[.?!:;]\s", bare))
    if longest > _MOST_IN_SENTENCE:
        yield f"has a sentence of {longest} words; at most {_MOST_IN_SENTENCE}"
    if kind == "append" and len(ends) > _MOST_SENTENCES_ADDED:
        yield f"has {len(ends)} sentences; what is added has one or two"
    if "!" in bare:
        yield "has an exclamation mark"
    if re.search(r"\b[A-Z]{4,}\b", bare):
        yield "shouts in capitals"
    yield from _owed(name, variant)
    if language == "en":
        yield from _english(kind, variant, bare)


def _owed(name: str, variant: Variant) -> Iterator[str]:
    """What a text of its kind must have in it."""
    says_where = RESOURCES in variant.say or SERVICE in variant.say
    if name.startswith(("crisis_", "unavailable")) and not says_where:
        yield f"must say where to turn: put {RESOURCES} or {SERVICE} in it"
    if name.startswith("crisis_") and "?" not in variant.say and "if part of you" not in variant.say.lower():
        yield "must ask a direct question"
    if name.startswith("crisis_") and variant.level is None:
        yield "must name its level: what to ask depends on whether it was said"


def _english(kind: str, variant: Variant, bare: str) -> Iterator[str]:
    for pattern, what in _ENGLISH:
        if found := re.search(rf"\b(?:{pattern})\b", bare, re.IGNORECASE):
            yield f"says {found.group()!r}, which is {what}"
    if kind == "replace" and not re.search(r"\bautomat(?:ed|ic|ically)\b", bare):
        yield "must say that it is automated"
    if grade_of(variant) > HARDEST:
        yield f"asks for grade {grade_of(variant):.1f}; at most {HARDEST:g}"


def _too_few(texts: Texts) -> Iterator[Problem]:
    """Without three variants for every case, a third turn would read like a recording."""
    for name, variants in texts.texts.items():
        for level in RiskLevel:
            general = [v for v in variants if v.level in {None, level} and not v.topic and not v.after]
            if len(general) < _FEWEST_EACH_TIME:
                yield Problem(name, len(variants), f"needs {_FEWEST_EACH_TIME} that fit every {level} case")


def _alike(texts: Texts) -> Iterator[Problem]:
    """Two variants that begin alike can't be told apart in a conversation."""
    seen: set[str] = set()
    for name, variants in texts.texts.items():
        for number, variant in enumerate(variants, start=1):
            if variant.opening in seen:
                yield Problem(name, number, "begins like another variant, so that neither is recognised")
            seen.add(variant.opening)


def _guidance(texts: Texts) -> Iterator[Problem]:
    for name, text in texts.guidance.items():
        if len(text.split()) > _MOST_WORDS["guidance"]:
            yield Problem(f"guidance.{name}", 1, f"has more than {_MOST_WORDS['guidance']} words")


def _bare(say: str) -> str:
    return say.replace(RESOURCES, "").replace(SERVICE, "call a line")
