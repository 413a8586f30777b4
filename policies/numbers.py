"""Numbers: telephone numbers, as texts spell them and as a directory has them, brought to digits."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from handrail.policies.resources import Directory, Place

# Letters of telephone keys, three or four to a digit.
_KEYS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")
_WORDS = {
    word: digit
    for digit, words in enumerate(
        ("zero oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    )
    for word in words.split()
}
_SEPARATORS = "\\s\u00a0\u2009\u202f()./\u00b7\u2010\u2011\u2013-"
# At most fifteen digits (ITU-T E.164), a few signs between any two.
_NUMBER = re.compile(
    rf"(?<![\w$€£¥#@.,/-])\(?\+?\d(?:[{_SEPARATORS}]{{0,3}}\d){{1,14}}(?:-[A-Z]{{3,7}}\b)?(?![\w%€$£°])"
)
_SPELT = re.compile(
    r"\b(?:(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)[\s-]+){2,14}"
    r"(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)\b",
    re.IGNORECASE,
)
_GROUP = re.compile(r"\+?\d+|[A-Z]+")
# Shorter ones stand for a choice in a menu ("988, then press 1").
_LEAST = 2


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it stands in a text: its digits, and where each group of them ends, in characters."""

    digits: str
    start: int
    end: int
    groups: tuple[tuple[str, int], ...] = ()

    def shortened(self, known: Iterable[str]) -> "Number":
        """The number up to the longest beginning that is known, as in "988 24 hours"; itself if none is."""
        known = set(known)
        said = ""
        best: Number | None = None
        for digits, end in self.groups:
            said += digits
            if said in known:
                best = Number(said, self.start, end)
        return best or self


def numbers_in(text: str) -> Iterator[Number]:
    """All that could be telephone numbers in a text, in figures, letters of keys or words."""
    for match in _NUMBER.finditer(text):
        yield _number(match)
    for match in _SPELT.finditer(text):
        digits = "".join(str(_WORDS[w]) for w in re.findall(r"[a-z]+", match.group().lower()))
        yield Number(digits, match.start(), match.end(), ((digits, match.end()),))


def digits_in(text: str) -> frozenset[str]:
    """The digits of every number in a text, of each group by itself and of all together."""
    found: set[str] = set()
    for number in numbers_in(text):
        found |= {number.digits, *(digits for digits, _ in number.groups)}
    return frozenset(found)


def numbers_of(place: Place) -> frozenset[str]:
    """The digits of every number that is right in a place, however it is dialled."""
    told = [place.emergency, *(n for numbers in place.right.values() for n in numbers)]
    for service in place.services:
        told += [service.contact, *service.also]
    return frozenset(form for text in told for n in _told(text) for form in forms(n, place.calling))


def emergencies_of(place: Place) -> tuple[str, ...]:
    """The digits of the emergency numbers of a place, the first first."""
    return tuple(_told(place.emergency))


def everywhere(directory: Directory) -> Mapping[str, frozenset[str]]:
    """The right numbers of each country."""
    return {code: numbers_of(place) for code, place in directory.countries.items()}


def forms(digits: str, calling: str) -> Iterator[str]:
    """The ways in which a number of a country is dialled, from within and from abroad."""
    national = digits.removeprefix("0")
    yield from (digits, calling + digits, calling + national, f"00{calling}{national}")
    if calling == "1" and len(digits) > 10:
        yield digits.removeprefix("1")


def _told(text: str) -> Iterator[str]:
    for match in re.finditer(rf"\d(?:[{_SEPARATORS}]{{0,3}}\d)+", text):
        digits = re.sub(r"\D", "", match.group())
        if len(digits) >= _LEAST:
            yield digits


def _number(match: re.Match[str]) -> Number:
    groups = []
    for group in _GROUP.finditer(match.group()):
        digits = re.sub(r"\D", "", group.group().translate(_KEYS))
        plain = "".join(str(int(c)) for c in digits)
        groups.append((plain, match.start() + group.end()))
    return Number("".join(d for d, _ in groups), match.start(), match.end(), tuple(groups))
