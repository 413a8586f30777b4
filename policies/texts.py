"""Texts: everything handrail itself says, several variants each, in one reviewed place for each language."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from handrail.classifiers.errors import PolicyError
from handrail.classifiers.exchange import Conversation
from handrail.classifiers.labels import RiskLevel
from handrail.policies.document import read_document
from handrail.policies.manner import Manner, manner_of
from handrail.policies.topics import topics_in
from handrail.policies.where import Where

RESOURCES = "{resources}"
SERVICE = "{service}"
_OPENING = 70
_LEAST_OPENING = 20

Phrases = tuple[str, ...]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Variant(_Part):
    """One way to say a text: at a level of risk, on a topic, after a reply of a manner, or always."""

    say: str = Field(min_length=1)
    level: RiskLevel | None = None
    topic: str | None = None
    after: Manner | None = None

    @field_validator("say")
    @classmethod
    def _sound(cls, say: str) -> str:
        if "{" in say.replace(RESOURCES, "").replace(SERVICE, ""):
            raise ValueError(f"only {RESOURCES} and {SERVICE} may stand in braces")
        say = say.strip()
        if len(_opening(say)) < _LEAST_OPENING:
            raise ValueError(f"must begin with {_LEAST_OPENING} characters of its own, to be recognised by")
        return say

    @property
    def opening(self) -> str:
        """Enough of the beginning to recognise the variant by, short of any resource in it."""
        return _opening(self.say)

    def stands_in(self, said: str) -> bool:
        """Whether the variant was said in a text, whatever resources it named."""
        return self.opening in said


@dataclass(frozen=True, slots=True)
class Moment:
    """What a text is chosen for: the conversation, the reply, how openly the risk shows, where to turn.

    `repaired_before` says that the session's last reply was repaired, and that no risk has risen since.
    """

    conversation: Conversation
    reply: str = ""
    level: RiskLevel | None = None
    repaired_before: bool = False
    resources: str = ""
    service: str = ""


class Texts(_Part):
    """What is said in one language.

    `topics` are phrases that a person uses, `said` phrases by which a reply already says what a text
    would add, `guidance` what a chatbot is told when it is asked again.
    """

    language: str = Field(pattern=r"^[a-z]{2}$")
    reviewed: str = Field(min_length=1, description="who reviewed the texts, and when")
    where: Where = Where()
    topics: Mapping[str, Phrases] = Field(default_factory=dict)
    said: Mapping[str, Phrases] = Field(default_factory=dict)
    texts: Mapping[str, Annotated[tuple[Variant, ...], Field(min_length=3)]]
    guidance: Mapping[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known(self) -> "Texts":
        for name, variants in self.texts.items():
            unknown = sorted({v.topic for v in variants if v.topic} - set(self.topics))
            if unknown:
                raise ValueError(f"texts.{name}: no topics called {', '.join(unknown)}")
        strange = sorted(set(self.said) - set(self.texts))
        if strange:
            raise ValueError(f"said: no texts called {', '.join(strange)}")
        return self

    def choose(self, name: str, moment: Moment) -> str:
        """The variant to show now, resources filled in.

        Of those that fit, one that this conversation has not seen, the most specific first; where all have
        been seen, the one seen longest ago. The same conversation always gets the same variant, so that a
        retry does not read as a change of mind; different conversations start at different variants.
        """
        fitting = self._fitting(name, moment)
        seen = moment.conversation.said_by("assistant")
        fresh = [v for v in fitting if not any(v.stands_in(text) for text in seen)]
        chosen = fresh[0] if fresh else min(fitting, key=lambda v: _last_seen(v, seen))
        return chosen.say.replace(RESOURCES, moment.resources).replace(SERVICE, moment.service)

    def _fitting(self, name: str, moment: Moment) -> list[Variant]:
        """The variants that fit a moment, the most specific first, like ones in an order of its own."""
        topics = topics_in(moment.conversation, self.topics)
        manner = manner_of(moment.reply)
        variants = self.texts[name]
        start = _number(moment.conversation) % len(variants)
        fits = [
            v
            for v in variants[start:] + variants[:start]
            if v.level in {None, moment.level} and v.after in {None, manner}
            and (v.topic is None or v.topic in topics)
        ]  # fmt: skip
        # A text without a variant for every level still has something to say at each.
        return sorted(fits, key=lambda v: _rank(v, topics)) or list(variants)


def texts_path(language: str = "en") -> Path:
    """Where the texts of a language lie."""
    return Path(__file__).parent / "wording" / f"{language}.yaml"


def read_texts(path: Path | None = None) -> Texts:
    """Read a file of texts, by default the English one. Raises PolicyError naming line, field, mend."""
    return read_document(path or texts_path(), Texts, PolicyError)


def _opening(say: str) -> str:
    return say.split("{", maxsplit=1)[0][:_OPENING].rstrip()


def _rank(variant: Variant, topics: Sequence[str]) -> tuple[int, bool]:
    """Lower for what fits more closely: what was said last, then how the reply sounds."""
    return topics.index(variant.topic) if variant.topic else len(topics), variant.after is None


def _last_seen(variant: Variant, seen: Sequence[str]) -> int:
    return max((at for at, text in enumerate(seen) if variant.stands_in(text)), default=-1)


def _number(conversation: Conversation) -> int:
    words = "\0".join(conversation.said_by("user"))
    return int.from_bytes(hashlib.sha256(words.encode("utf-8", "replace")).digest()[:4], "big")
