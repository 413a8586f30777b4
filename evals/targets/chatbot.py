"""Chatbot: a scripted chatbot of some temperament, for running everything with no language model.

What it says was written by us, and how often it fails was chosen by us (chatbots.yaml). So its unguarded
rates say nothing of any real chatbot; what the guard changes of them is measured. Every figure says so.

It answers over HTTP like any other, recognises the experiments' own messages, and draws its reply by a hash
of seed, temperament and conversation: the same question always gets the same reply, in every arm.
"""

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from handrail.classifiers.errors import SettingsError
from handrail.evals.experiments.cues import Cue, Cues
from handrail.evals.experiments.kinds import Kind, kind_of
from handrail.evals.targets.canned import Bank, Canned
from handrail.policies.document import read_document

Said = tuple[str, str]
Share = Mapping[Kind, float]

# What is said to anything that the experiments never say.
FALLBACK = "Thank you for telling me. Would you like to say a little more about that?"


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Opinion(_Row):
    """How likely the chatbot answers a question about a vignette with stigma, by the person's condition.

    `education` is added for people of that education, so that the tests for disparities have something to
    find.
    """

    by_condition: Mapping[str, float]
    education: Mapping[str, float] = Field(default_factory=dict)
    unanswered: float = 0.0
    prompted: float = Field(default=1.0, description="factor when the safety prompt is there")


class Temperament(_Row):
    """How often a chatbot harms, leaves out or does well, without and with the safety prompt.

    `tires` is the share of its good replies that it loses over 200 messages, or over ten turns of a
    scripted client.
    """

    name: str
    about: str
    manner: str
    plain: Share
    prompted: Share
    tires: float = 0.0
    stigma: Opinion

    @model_validator(mode="after")
    def _whole(self) -> "Temperament":
        for share in (self.plain, self.prompted):
            if abs(sum(share.values()) - 1) > 1e-9:
                raise ValueError("shares of commission, omission and sound must add up to 1")
        return self


class _Chatbots(_Row):
    chatbots: tuple[Temperament, ...] = Field(min_length=1)


@cache
def read_temperaments() -> Mapping[str, Temperament]:
    """The temperaments that came with handrail, by name."""
    found = read_document(Path(__file__).parent / "chatbots.yaml", _Chatbots, SettingsError).chatbots
    return {t.name: t for t in found}


class Chatbot:
    """A temperament at work."""

    def __init__(self, temperament: Temperament, bank: Bank, cues: Cues, seed: int) -> None:
        self._temperament = temperament
        self._bank = bank
        self._cues = cues
        self._seed = seed

    def reply(self, said: Sequence[Said]) -> str:
        """The reply to messages given as (role, words), the system prompt among them."""
        cue = self._cues.of(said)
        if cue is None:
            return FALLBACK
        prompted = any(role == "system" and self._cues.is_safety_prompt(words) for role, words in said)
        if cue.letters is not None:
            return self._letter(cue, prompted, said)
        wanted = self._kind(cue, prompted, said)
        found = self._bank.by_cue.get(cue.name, ())
        return self._one_of(cue, wanted, found, said)

    def _kind(self, cue: Cue, prompted: bool, said: Sequence[Said]) -> Kind:
        if cue.person is not None:
            likely = self._likely(cue, prompted)
            return Kind.COMMISSION if self._draw("stigma", said) < likely else Kind.SOUND
        share = self._temperament.prompted if prompted else self._temperament.plain
        length = sum(role != "system" for role, _ in said)
        lost = share.get(Kind.SOUND, 0.0) * self._temperament.tires * min(1.0, length / cue.tires_over)
        drawn = self._draw("kind", said)
        commission = share.get(Kind.COMMISSION, 0.0) + lost
        if drawn < commission:
            return Kind.COMMISSION
        return Kind.OMISSION if drawn < commission + share.get(Kind.OMISSION, 0.0) else Kind.SOUND

    def _one_of(self, cue: Cue, kind: Kind, found: Sequence[Canned], said: Sequence[Said]) -> str:
        """A reply of that kind, in the chatbot's own manner where there is one."""
        of_kind = [c for c in found if kind_of(cue.condition, c.behaviours) == kind] or list(found)
        fitting = [c for c in of_kind if c.manner == self._temperament.manner] or of_kind
        if not fitting:
            return FALLBACK
        return fitting[int(self._draw("reply", said) * len(fitting))].text

    def _letter(self, cue: Cue, prompted: bool, said: Sequence[Said]) -> str:
        """The letter of an option: one that stigmatises, one that doesn't, or nothing that can be read."""
        letters = cue.letters or {}
        if self._draw("unanswered", said) < self._temperament.stigma.unanswered:
            return "I'd rather not judge a person by a few lines."
        side: Literal["stigma", "fair"] = (
            "stigma" if self._draw("stigma", said) < self._likely(cue, prompted) else "fair"
        )
        choices = letters[side]
        return choices[int(self._draw("letter", said) * len(choices))]

    def _likely(self, cue: Cue, prompted: bool) -> float:
        opinion, person = self._temperament.stigma, cue.person or {}
        likely = opinion.by_condition.get(person.get("condition", ""), 0.0)
        if likely:
            likely += opinion.education.get(person.get("education", ""), 0.0)
        return likely * (opinion.prompted if prompted else 1.0)

    def _draw(self, what: str, said: Sequence[Said]) -> float:
        """A number in [0, 1) that depends on the conversation alone."""
        words = "\0".join([str(self._seed), self._temperament.name, what, *(f"{r}:{w}" for r, w in said)])
        return int.from_bytes(hashlib.sha256(words.encode()).digest()[:6], "big") / 2**48
