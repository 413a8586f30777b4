"""FalseResource: helplines named in a reply that are wrong for the person's place, and what to say instead.

An exact check against the directory, by rule. A number is looked at only where it is presented as a line to
turn to: a sentence that says to call or text it, and that speaks of help or names a number the directory
knows. Numbers that the person gave are theirs; numbers of a country that the sentence names are that
country's. Where the place is not known, any number of the directory will do. What can't be told is left
alone.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from handrail.classifiers.exchange import Conversation
from handrail.classifiers.sentences import sentence_ends
from handrail.policies.numbers import Number, digits_in, emergencies_of, everywhere, numbers_in
from handrail.policies.place import Places
from handrail.policies.resources import Directory, Resource
from handrail.policies.where import Where

# What it is called in records and metrics.
FALSE_RESOURCE = "false_resource"
Fault = Literal["elsewhere", "unknown"]

_CALL = r"call|dial|ring|phone|text|sms|whatsapp|message|contact|reach|try"
# Words that tell to turn to a number, in the languages of the shipped countries where they differ.
_TURN = re.compile(
    rf"\b(?:{_CALL}|calling|dialling|dialing|texting|hotline|helpline|lifeline|tel|number|line"
    r"|ruf\w*|anruf\w*|wähl\w*|appel\w*|compos\w*|téléphon\w*|joign\w*|llam\w*|marca\w*|marque|lig(?:a|ue|ar)\w*"
    r"|telefon\w*|chiam\w*|bel|ring(?:e|a)|zadzwoń)\b|電話|📞|☎",
    re.IGNORECASE,
)
# Words that tell of a line for people in need.
_HELP = re.compile(
    r"\b(?:crisis|suicid\w*|hot ?lines?|help ?lines?|life ?lines?|text lines?|warm ?lines?|samaritans?"
    r"|(?:support|counsel\w*|mental health|listening|prevention) lines?|emergency (?:services|number|line)"
    r"|krisen\w*|notruf\w*|seelsorge\w*|telefonseelsorge|urgences?|crise|prévention|prevención|emergencias?"
    r"|prevenção|emergência|línea de (?:la vida|crisis|ayuda))\b|自殺|いのち|相談窓口|आत्महत्या|हेल्पलाइन",
    re.IGNORECASE,
)
_DIRECT = re.compile(
    rf"\b(?:{_CALL})(?:\s+(?:or|and)\s+(?:{_CALL}))?(?:\s+[A-Z\"']+\s+to)?\s+(?:us\s+)?(?:at\s+|on\s+)?$",
    re.I,
)
_PLAIN = re.compile(
    r"\b(?P<verb>call|dial|ring|phone|text)(?:\s+(?:or|and)\s+(?:call|text))?\s+"
    r"(?:[\"'\u201c]?[A-Z]+[\"'\u201d]?\s+to\s+)?$",
    re.IGNORECASE,
)
_UNIT = re.compile(
    r"\s*-?(?:mg|ml|kg|g|km|cm|mm|m|%|percent|people|persons|times|hours?|minutes?|mins?|seconds?|days?|weeks?"
    r"|months?|years?|dollars|euros|pounds|customers|clients|calls|words|pages|degrees|feet|miles|st|nd|rd|th)\b",
    re.IGNORECASE,
)
_DATE = re.compile(r"\(?(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|(?:19|20)\d{2})\)?")
_MARK = re.compile(r"\s*(?:[-*+•]\s+|\d{1,2}[.)]\s+)?")
_LONG = 7
_BEFORE, _BESIDE = 40, 3
# Characters of a sentence looked at together, and before a number for what leads to it.
_LONGEST, _LEAD = 1000, 120


@dataclass(frozen=True, slots=True)
class Correction:
    """A sentence of a reply with a wrong helpline in it, from `start` to `end`, and what is put there.

    `wrong` is what was wrong: a number's digits, or a service's name; `fault` whether it is one of another
    country or one that the directory does not know at all.
    """

    said: str
    put: str
    start: int
    end: int
    wrong: str
    fault: Fault


@dataclass(frozen=True, slots=True)
class Helplines:
    """A directory, made ready to be looked numbers and names up in."""

    directory: Directory
    places: Places
    _right: Mapping[str, frozenset[str]] = field(init=False)
    _known: frozenset[str] = field(init=False)
    _names: Mapping[str, frozenset[str]] = field(init=False)
    _named: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        right, names = everywhere(self.directory), _names(self.directory)
        longest = "|".join(re.escape(n) for n in sorted(names, key=len, reverse=True))
        object.__setattr__(self, "_right", right)
        object.__setattr__(self, "_known", frozenset().union(*right.values()))
        object.__setattr__(self, "_names", names)
        object.__setattr__(self, "_named", re.compile(rf"(?<![\w-])(?:{longest})(?![\w-])"))

    def check(
        self, reply: str, conversation: Conversation, country: str | None, where: Where
    ) -> tuple[Correction, ...]:
        """The corrections that a reply needs for a person in a country; none is known as None."""
        if not self.directory.check_replies:
            return ()
        # What the person gave is looked up only where something is wrong without it: that is seldom.
        if not self._found(reply, frozenset(), country, where):
            return ()
        given = frozenset().union(*(digits_in(text) for text in conversation.said_by("user")))
        return self._found(reply, given, country, where)

    def _found(
        self, reply: str, given: frozenset[str], country: str | None, where: Where
    ) -> tuple[Correction, ...]:
        found: list[Correction] = []
        heading = ""
        for start, end in _sentences(reply):
            said = reply[start:end]
            around = heading + said
            look = _Look(self, around, said, given, country)
            wrong = look.wrong()
            if wrong:
                put = look.put(wrong, where, again=any(c.put for c in found))
                name = wrong[0].what
                found.append(Correction(said, put, start, end, name, wrong[0].fault))
            # A line that ends in a colon speaks of the lines after it.
            heading = said if said.rstrip(" *_").endswith(":") else heading if said.startswith("\n") else ""
        return tuple(found)


@dataclass(frozen=True, slots=True)
class _Wrong:
    """What is wrong in a sentence, and where there; `number` is None for a name without one."""

    what: str
    fault: Fault
    start: int
    end: int
    number: Number | None


@dataclass(frozen=True, slots=True)
class _Look:
    """One sentence, `around` with the heading it stands under."""

    lines: Helplines
    around: str
    said: str
    given: frozenset[str]
    country: str | None

    def wrong(self) -> list[_Wrong]:
        """All that is wrong in it."""
        if not _TURN.search(self.around):
            return []
        right = self._right_here()
        numbers = [w for n in self._numbers() if (w := self._judged(n, right))]
        return numbers or list(self._wrong_names())

    def put(self, wrong: list[_Wrong], where: Where, *, again: bool) -> str:
        """The sentence as it should be; nothing where the reply has been told where to turn already."""
        mended = self._mended(wrong, where)
        if mended is not None:
            return mended
        if again:
            return ""
        mark = _MARK.match(self.said)
        return (mark.group() if mark else "") + self.lines.directory.describe(self.country, where)

    def _numbers(self) -> Iterator[Number]:
        """The numbers in it, each once: "1-800-662-HELP (4357)" says one twice."""
        last: Number | None = None
        for number in numbers_in(self.said):
            beside = last is not None and number.start - last.end < _BESIDE
            if last is None or not (beside and last.digits.endswith(number.digits)):
                yield number
            last = number

    def _right_here(self) -> frozenset[str]:
        rights = self.lines._right
        if self.country is None:
            return self.lines._known
        codes = {self.country, *self.lines.places.named_in(self.around)}
        return frozenset().union(*(rights[code] for code in codes if code in rights))

    def _judged(self, number: Number, right: frozenset[str]) -> _Wrong | None:
        number = number.shortened(self.lines._known | self.given)
        if number.digits in right or number.digits in self.given or _UNIT.match(self.said, number.end):
            return None
        direct = bool(_DIRECT.search(self.said[max(0, number.start - _LEAD) : number.start]))
        if number.digits in self.lines._known:
            near = bool(_TURN.search(self.said[max(0, number.start - _BEFORE) : number.start]))
            wrong = direct or (near and (len(number.digits) >= _LONG or self._helps()))
            return _Wrong(number.digits, "elsewhere", number.start, number.end, number) if wrong else None
        plausible = len(number.digits) >= _LONG or (direct and len(number.digits) > 2)
        if not plausible or not self._helps() or _DATE.fullmatch(self.said[number.start : number.end]):
            return None
        return _Wrong(number.digits, "unknown", number.start, number.end, number)

    def _helps(self) -> bool:
        return bool(_HELP.search(self.around) or self.lines._named.search(self.around))

    def _wrong_names(self) -> Iterator[_Wrong]:
        """Services of other countries that the person is told to turn to."""
        if self.country is None or self.country not in self.lines._right:
            return
        here = {self.country, *self.lines.places.named_in(self.around)}
        for match in self.lines._named.finditer(self.said):
            told = re.search(
                rf"\b(?:{_CALL})\s+(?:out\s+)?(?:to\s+)?(?:the\s+)?$",
                self.said[max(0, match.start() - _LEAD) : match.start()],
                re.IGNORECASE,
            )
            if told and not here & self.lines._names[match.group()]:
                yield _Wrong(match.group(), "elsewhere", match.start(), match.end(), None)

    def _mended(self, wrong: list[_Wrong], where: Where) -> str | None:
        """The sentence with one number put right in place, where that reads well; None where not."""
        number, place = wrong[0].number, self.lines.directory.countries.get(self.country or "")
        if len(wrong) > 1 or number is None or place is None:
            return None
        if number.digits in self._emergencies():
            return self.said[: number.start] + emergencies_of(place)[0] + self.said[number.end :]
        lead = max(0, number.start - _LEAD)
        plain = _PLAIN.search(self.said[lead : number.start])
        if plain is None or self.lines._named.search(self.said):
            return None
        kind = "text" if plain["verb"].lower() == "text" else "call"
        told = _first(place.services, kind).describe(where)
        told = told[:1].upper() + told[1:] if plain["verb"][0].isupper() else told
        return self.said[: lead + plain.start()] + told + self.said[number.end :]

    def _emergencies(self) -> frozenset[str]:
        places = self.lines.directory.countries.values()
        return frozenset(digits for place in places for digits in emergencies_of(place))


def _first(services: tuple[Resource, ...], kind: str) -> Resource:
    """The first service for everyone of a kind; of any kind where there is none."""
    general = [s for s in services if s.audience == "everyone"]
    return next((s for s in general if s.type == kind), general[0])


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for end in (*sentence_ends(text), len(text)):
        # A bound keeps the work linear, whatever is written without a full stop.
        while start < end:
            yield start, (start := min(end, start + _LONGEST))


def _names(directory: Directory) -> dict[str, frozenset[str]]:
    """The names of services, each with the countries that have it. None that is a common word."""
    found: dict[str, set[str]] = {}
    for code, place in directory.countries.items():
        names = [n for s in place.services for n in (s.name, *s.aliases)]
        for name in (*names, *place.right):
            if name[:1].isupper() and len(name) > 3:
                found.setdefault(name, set()).add(code)
    return {name: frozenset(codes) for name, codes in found.items()}
