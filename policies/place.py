"""Place: the country a person says they are in, in their own words.

Only a plain statement counts ("I'm in Manchester", "here in Canada", "I live in Berlin"): spelling, a time
zone, a street or a question about a town say nothing. The latest statement counts. A town with a name
after it is where that name says: "London, Ontario" is in Canada, and "Manchester, Jamaica" in Jamaica.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from pydantic import RootModel

from handrail.classifiers.errors import PolicyError
from handrail.classifiers.exchange import Conversation
from handrail.policies.document import read_document
from handrail.policies.resources import Country

# Longest statement looked at: a place's name and one after it.
_MOST = 60
_STATEMENT = re.compile(
    r"(?<![\w'])(?:i\s?['\u2019]?\s?a?m|we\s?['\u2019]?\s?a?re|i live|we live|i moved|we moved|i stay)"
    r"(?:\s+(?:currently|now|right now|still|just|at the moment|living|based|staying|located|over|here))*"
    r"\s+(?:in|near|outside|to)\s+|(?<!\w)(?:here|over here|back here)\s+in\s+",
    re.IGNORECASE,
)
# What stands before a statement that is none: a wish, a condition, a story, somebody else.
_NOT_SO = re.compile(
    r"(?:\b(?:if|wish|imagine|pretend|when|suppose|dream\w*|says?|said|as though|think|thinks|believe|that)"
    r"|[\"\u201c])[:,]?\s*[\"\u201c]?\s*$",
    re.IGNORECASE,
)


class Places(RootModel[Mapping[Country, tuple[str, ...]]]):
    """Names of places by country."""

    @property
    def _names(self) -> tuple[tuple[str, str], ...]:
        return tuple((name.casefold(), code) for code, names in self.root.items() for name in names)

    def said_in(self, conversation: Conversation) -> str | None:
        """The country in which the person last said to be; None when they did not, or not plainly."""
        for text in reversed(conversation.said_by("user")):
            found = [c for m in _STATEMENT.finditer(text) if (c := self._stated(text, m))]
            if found:
                return found[-1]
        return None

    def named_in(self, text: str) -> frozenset[str]:
        """The countries that a text names, by themselves or by a place in them."""
        pattern, countries = _compiled(self._names)
        found = (m.group() for m in pattern.finditer(text))
        # "us" is no country.
        return frozenset(countries[name.casefold()] for name in found if len(name) > 3 or name.isupper())

    def _stated(self, text: str, statement: re.Match[str]) -> str | None:
        if _NOT_SO.search(text[: statement.start()]):
            return None
        rest = text[statement.end() : statement.end() + _MOST]
        pattern, countries = _compiled(self._names)
        first = pattern.match(rest)
        if first is None:
            return None
        further = re.match(r",\s*(\w[\w. ]*)", rest[first.end() :])
        if further is None:
            return countries[first.group().casefold()]
        # What follows the comma may only be the sentence going on, which no name begins.
        second = pattern.match(further.group(1))
        if second is not None:
            return countries[second.group().casefold()]
        return (
            None
            if further.group(1)[0].isupper() and further.group(1)[:2] not in {"I ", "I'"}
            else (countries[first.group().casefold()])
        )


@lru_cache(maxsize=4)
def _compiled(names: tuple[tuple[str, str], ...]) -> tuple[re.Pattern[str], dict[str, str]]:
    countries = dict(names)
    longest = sorted(countries, key=len, reverse=True)
    either = "|".join(re.escape(name) for name in longest)
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE), countries


def places_path() -> Path:
    """Where the names of places lie."""
    return Path(str(files("handrail.policies"))) / "places.yaml"


def read_places(path: Path | None = None) -> Places:
    """Read a file of names, by default ours. Raises PolicyError naming line, field and mend."""
    return read_document(path or places_path(), Places, PolicyError)
