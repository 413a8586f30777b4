"""Resource: a crisis service of one place, dated.

The date says when an entry was written down or, once an operator has verified it, when that was.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from handrail.classifiers.errors import PolicyError
from handrail.policies.document import read_document
from handrail.policies.where import Where

INTERNATIONAL = "international"
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
_SHOWN = 2
ENGLISH = Where()


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Resource(_Part):
    """One service: how to reach it, when, in what language, where that is said, and the entry's date.

    `aliases` are other names by which it is called, `also` other numbers that lead to it.
    """

    name: str
    aliases: tuple[str, ...] = ()
    type: Literal["call", "text", "chat", "web"]
    contact: str
    also: tuple[str, ...] = ()
    hours: str
    audience: str = "everyone"
    languages: tuple[str, ...]
    source: str
    checked: date

    def describe(self, where: Where) -> str:
        """The service as one clause, such as "call 988 (988 Lifeline, 24 hours a day)"."""
        phrases = {"call": where.call, "text": where.text, "chat": where.chat, "web": where.web}
        return phrases[self.type].format(contact=self.contact, name=self.name, hours=self.hours)


class Place(_Part):
    """The services of a country, the first for everyone, and its emergency number.

    `calling` is the country's calling code. `right` are further lines that a chatbot may well name, by
    name: they are never shown by handrail, and left as they are in replies.
    """

    name: str
    emergency: str
    calling: str = Field(pattern=r"^[1-9]\d{0,2}$")
    right: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    services: tuple[Resource, ...] = Field(min_length=1)


class Directory(_Part):
    """Services by country (ISO 3166 code), and those to name where the country is unknown.

    Operators must verify the entries for the places they serve: numbers change.
    """

    notice: str
    check_replies: bool = Field(
        default=True, description="whether numbers and services in replies are checked against this directory"
    )
    international: tuple[Resource, ...] = Field(min_length=1)
    countries: Mapping[Country, Place]

    @model_validator(mode="after")
    def _first_is_for_everyone(self) -> "Directory":
        for code, place in self.countries.items():
            if place.services[0].audience != "everyone":
                raise ValueError(f"{code}: the first service must be for everyone")
        return self

    def country_of(self, locale: str | None) -> str | None:
        """The country a locale names ("en-GB", "de_AT", "US"); None when it names none we know.

        A bare lower-case code is a language, not a country: "ca" is Catalan, not Canada.
        """
        if not locale:
            return None
        parts = locale.split(".")[0].replace("_", "-").split("-")
        regions = parts[1:] if len(parts) > 1 else [p for p in parts if p.isupper()]
        return next((p.upper() for p in regions if p.upper() in self.countries), None)

    def describe(self, country: str | None, where: Where = ENGLISH) -> str:
        """One or two sentences that say where to turn, for a country or for anywhere."""
        options = [r.describe(where) for r in self._general(country)]
        place = self.countries.get(country or "")
        if place is None:
            return where.anywhere.format(options=where.between_anywhere.join(options))
        return where.here.format(
            place=place.name, options=where.between.join(options), emergency=place.emergency
        )

    def nearest(self, country: str | None, where: Where = ENGLISH) -> str:
        """The first service to turn to, as a clause."""
        return self._general(country)[0].describe(where)

    def _general(self, country: str | None) -> Sequence[Resource]:
        place = self.countries.get(country or "")
        if place is None:
            return self.international[:_SHOWN]
        return [r for r in place.services if r.audience == "everyone"][:_SHOWN]

    def older_than(self, day: date) -> list[tuple[str, Resource]]:
        """The entries that were checked before a day, by country, oldest first."""
        entries = [(INTERNATIONAL, r) for r in self.international]
        entries += [(code, r) for code, place in self.countries.items() for r in place.services]
        return sorted(((c, r) for c, r in entries if r.checked < day), key=lambda entry: entry[1].checked)


def resources_path() -> Path:
    """Where the directory that came with handrail lies."""
    return Path(str(files("handrail.policies"))) / "resources.yaml"


def read_directory(path: Path | None = None) -> Directory:
    """Read a directory file, by default ours. Raises PolicyError naming line, field and mend."""
    return read_document(path or resources_path(), Directory, PolicyError)
