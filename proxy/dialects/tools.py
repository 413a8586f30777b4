"""Tools: what a model writes to a tool, read where the app shows it to the person.

Arguments are JSON written by the model, in pieces that may end anywhere. They are read as they come, with
JSON's escapes undone and its marks taken for breaks, so that no word is lost even where it is no JSON at all.
"""

import json
import re
from collections.abc import Collection, Hashable
from dataclasses import dataclass
from typing import Any

# A tool's name as every API demands it; any other is words.
_NAME = re.compile(r"[\w.:/-]{1,128}")
_PIECE = re.compile(r'\\u([0-9a-fA-F]{4})|\\(?:u[0-9a-fA-F]{0,3})?\Z|\\(.)|(")|([^\\"]+)', re.DOTALL)
_MARKS = re.compile(r"[\s{}\[\],:]+")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": " ", "f": "\n"}


@dataclass(frozen=True, slots=True)
class Shown:
    """Which tools' arguments a person sees: all, or those named."""

    every: bool = False
    names: Collection[str] = ()

    @classmethod
    def of(cls, setting: bool | Collection[str]) -> "Shown":
        """From the setting: true, false or names."""
        return cls(every=setting) if isinstance(setting, bool) else cls(names=frozenset(setting))

    def shows(self, name: str) -> bool:
        """Whether a tool's arguments are shown."""
        return self.every or name in self.names


NOTHING = Shown()


class Arguments:
    """The words in a piece after piece of JSON. Surrogates that belong together are joined."""

    def __init__(self) -> None:
        self._rest = ""
        self._inside = False

    def feed(self, piece: str) -> str:
        """Take in a piece; give the words in it, all but an escape that is not whole yet."""
        text, self._rest = self._rest + piece, ""
        found = "".join(map(self._read, _PIECE.finditer(text)))
        return found.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")

    def _read(self, match: re.Match[str]) -> str:
        code, escaped, quote, plain = match.groups()
        if code:
            return chr(int(code, 16))
        if escaped:
            return _ESCAPES.get(escaped, escaped)
        if quote:
            self._inside = not self._inside
            return "\n" if self._inside else ""
        if plain is None:
            self._rest = match.group()
            return ""
        return plain if self._inside else _MARKS.sub(" ", plain)


class Calls:
    """The calls of tools in one answer, as they are written."""

    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self._names: dict[Hashable, str] = {}
        self._arguments: dict[Hashable, Arguments] = {}

    def read(self, key: Hashable, name: object, arguments: object) -> tuple[str, bool]:
        """The words in more of a call, and whether its arguments are among them.

        A name that no API would take is words, whatever is shown. Raises TypeError for a name that is none.
        """
        odd = self._odd(key, name)
        if not self._shown.shows(self._names.get(key, "")):
            return odd, False
        piece = arguments if isinstance(arguments, str) else "" if arguments is None else _json(arguments)
        return odd + self._arguments.setdefault(key, Arguments()).feed(piece), True

    def _odd(self, key: Hashable, name: object) -> str:
        if name is None or name in {"", self._names.get(key)}:
            return ""
        if not isinstance(name, str):
            raise TypeError("a tool's name must be a string")
        self._names[key] = name
        return "" if _NAME.fullmatch(name) else f"{name}\n"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
