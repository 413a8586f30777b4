"""Condition: what must hold of an exchange and of its context. Data only; truth.py says whether it does."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from handrail.classifiers.labels import Behaviour, Harm, Risk, RiskLevel
from handrail.policies.context import Token
from handrail.policies.thresholds import Probability, Threshold

Count = Annotated[int, Field(ge=0)]
Hour = Annotated[int, Field(ge=0, le=24)]
# A language ("de"), a country ("GB"), or both ("en-GB").
Locale = Annotated[str, Field(pattern=r"^([a-z]{2,3}|[A-Z]{2}|[a-z]{2,3}-[A-Z]{2})$")]
# What a policy calls a validator of Guardrails AI.
OutsideName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Route = Annotated[str, Field(pattern=r"^[/*]")]


class Part(BaseModel):
    """A part of a policy: frozen, and without fields we don't know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Range(Part):
    """A count within bounds, both included."""

    at_least: Count | None = None
    at_most: Count | None = None

    @model_validator(mode="after")
    def _sound(self) -> "Range":
        if self.at_least is None and self.at_most is None:
            raise ValueError("give at_least, at_most or both")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError("at_least is larger than at_most")
        return self

    def holds(self, count: int | None) -> bool:
        """Whether a count lies within; None, of which nothing is known, never does."""
        if count is None:
            return False
        return (self.at_least or 0) <= count and (self.at_most is None or count <= self.at_most)


class Hours(Part):
    """Hours of the person's day: the last one not included; past midnight if it comes first."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    first: Hour = Field(alias="from")
    last: Hour = Field(alias="to")

    @model_validator(mode="after")
    def _sound(self) -> "Hours":
        if self.first % 24 == self.last % 24:
            raise ValueError("from and to are the same hour")
        return self

    def holds(self, hour: int | None) -> bool:
        """Whether an hour (0 to 23) lies within; None never does."""
        if hour is None:
            return False
        if self.first < self.last:
            return self.first <= hour < self.last
        return hour >= self.first or hour < self.last


class InSession(Part):
    """What must hold of the conversation so far; of one that nothing is known of, nothing does.

    `carried` gives, for risks of earlier turns, the least that must be left of each.
    """

    carried: Mapping[Risk, Probability] = Field(default_factory=dict)
    turns: Range | None = None
    rising: bool | None = None
    interventions: Range | None = None
    since_intervention: Range | None = None

    @model_validator(mode="after")
    def _sound(self) -> "InSession":
        if not self.model_fields_set:
            raise ValueError("say at least one thing of the session")
        return self


class When(Part):
    """Conditions, all of which must hold; what is left out is not asked.

    `risk` shows in the conversation (at any level, or at `level`); at least one behaviour of `present` is
    in the reply; none of `missing` is; a rule above that reports one of the harms under `harm` found it;
    the reply fails one of the validators under `fails`. Of
    the lists `locale`, `route`, `persona` and `age_band` one entry must fit. `all`, `any` and `not` hold
    further conditions. `threshold` is what the labels named beside it are held to.
    """

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    risk: Risk | None = None
    level: RiskLevel | None = None
    present: tuple[Behaviour, ...] = ()
    missing: tuple[Behaviour, ...] = ()
    threshold: Threshold | None = None
    harm: tuple[Harm, ...] = ()
    fails: tuple[OutsideName, ...] = ()
    session: InSession | None = None
    locale: tuple[Locale, ...] = ()
    route: tuple[Route, ...] = ()
    persona: tuple[Token, ...] = ()
    age_band: tuple[Token, ...] = ()
    hours: Hours | None = None
    all_of: tuple["When", ...] = Field(default=(), alias="all")
    any_of: tuple["When", ...] = Field(default=(), alias="any")
    none_of: "When | None" = Field(default=None, alias="not")

    @model_validator(mode="after")
    def _sound(self) -> "When":
        if not any(getattr(self, name) for name in _ASKING):
            raise ValueError("say at least one condition")
        if self.level is not None and self.risk is None:
            raise ValueError("level needs a risk")
        if self.threshold is not None and not (self.risk or self.present or self.missing):
            raise ValueError("threshold needs a risk or a behaviour beside it")
        return self

    @property
    def inner(self) -> tuple["When", ...]:
        """The conditions directly inside this one."""
        return (*self.all_of, *self.any_of, *((self.none_of,) if self.none_of else ()))

    @property
    def owed(self) -> bool:
        """Whether this asks, here or inside, for something to be missing: then its risk must be surer."""
        return bool(self.missing) or any(inner.owed for inner in self.inner)

    def walk(self) -> Iterator["When"]:
        """This condition and all inside it."""
        yield self
        for inner in self.inner:
            yield from inner.walk()

    @property
    def first_risk(self) -> Risk | None:
        """The risk that is named first, here or inside."""
        return next((w.risk for w in self.walk() if w.risk is not None), None)


_ASKING = tuple(name for name in When.model_fields if name not in {"level", "threshold"})


def nothing_owed_without_risk(when: When, risk: bool = False) -> bool:
    """Whether everything that must be missing stands beside, or inside, a condition on risk."""
    risk = risk or when.risk is not None
    return (risk or not when.missing) and all(nothing_owed_without_risk(w, risk) for w in when.inner)


def fits_locale(pattern: str, locale: str | None, country: str | None) -> bool:
    """Whether a language, a country or both are those of a locale, or of the country that is known."""
    parts = re.split(r"[-_.]", locale or "")
    language = parts[0].lower() if parts[0].islower() else ""
    places = {country, *(p.upper() for p in parts[bool(language) :])}
    wanted_language, _, wanted_place = pattern.rpartition("-")
    if not wanted_language and wanted_place.islower():
        return wanted_place == language
    return wanted_place in places and wanted_language in {"", language}
