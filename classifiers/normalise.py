"""NormalText: what a reader sees, without the disguises a classifier would stumble over.

Unicode compatibility forms are folded (NFKC), invisible and bidirectional control characters dropped,
letters of other scripts that pass for Latin ones replaced (in text that is mainly Latin), digits that
stand for letters ("k1ll mys3lf") read as letters, and pictographs and markdown marks removed. Every
character of the result knows the index of the original character it came from, so that evidence found
in it can be shown in the original.

The look-alike table is our own selection from the confusables of Unicode Technical Standard 39.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_LOOKALIKES = str.maketrans(
    "аеорсухіјѕԁһԛԝАВЕКМНОРСТХІЈЅԌΑΒΕΖΗΙΚΜΝΟΡΤΥΧοανικρυꜱɡıℓ",
    "aeopcyxijsdhqwABEKMHOPCTXIJSGABEZHIKMNOPTYXoavikpusgil",
)

# Where alphabets of white-on-black letters begin (squared, circled, regional), which NFKC leaves alone.
_BOXED = (0x1F170, 0x1F150, 0x1F1E6)
_LETTERS = 26

# Longest cluster of a character and its combining marks: normalising takes time by the square of it.
_MOST_MARKS = 32

# Marks that carry no words: emphasis, code ticks, headings, quotes, bullets, rules, link targets.
_MARKDOWN = re.compile(
    r"""
      (?m:^[ \t]*(?:\#{1,6}[ \t]+|>[ \t]?|[-*+•][ \t]+))   # headings, quotes, bullets
    | (?m:^[ \t]*(?:[-*_][ \t]*){3,}$)                     # rules
    | ```[\w+-]*                                           # fences
    | \*{1,3} | ~~ | `
    | (?<!\w)_{1,3}(?=\w) | (?<=\w)_{1,3}(?!\w)
    | \[(?=[^\]\n]{0,120}\]\()                              # [text](target): the bracket, then the rest
    | \]\([^)\s]{0,500}\)                                # (bounds keep hostile text linear)
    """,
    re.VERBOSE,
)


_MARKS = frozenset("#>-*+•_~`[]")

_LEET = str.maketrans("0134578@$!", "oieastbasi")
_LEET_SIGNS = frozenset("013457$")
# Runs of letters and of what may stand for letters.
_LEET_RUN = re.compile(r"[A-Za-z0134578@$!]+")
# A digit or a dollar sign amid letters, as no ordinary word has it.
_LEET_WORD = re.compile(r"[a-z][013457$]{1,2}[a-z]", re.IGNORECASE)
# Amounts, times and ordinals, which are no words.
_AMOUNT = re.compile(r"\d+(?:mg|g|kg|ml|l|mm|cm|m|km|am|pm|k|x|th|st|nd|rd|s|h|min)?!*", re.IGNORECASE)
# In text with so many such words, digits at a word's ends and a digit alone are letters too.
_LEET_ENOUGH = 2


@dataclass(frozen=True, slots=True)
class NormalText:
    """Normalised text and, for each of its characters, the index of the original one.

    `offsets` has one entry more than `text`: the length of the original.
    """

    text: str
    offsets: Sequence[int]

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Translate a half-open range of the normalised text into one of the original."""
        if start >= end:
            return self.offsets[start], self.offsets[start]
        return self.offsets[start], self.offsets[end - 1] + 1


def normalise(original: str) -> NormalText:
    """Strip the disguises from a text, keeping offsets. Never raises."""
    folded, offsets = _fold(original)
    text, kept = _drop_marks(_spell_out(folded), offsets)
    # Most text wears no disguise and keeps its places: a range says so without a list of them.
    return NormalText(text, range(len(original) + 1) if text == original else (*kept, len(original)))


def _fold(original: str) -> tuple[str, Sequence[int]]:
    if original.isascii():
        return original, range(len(original))
    mainly_latin = _mainly_latin(original)
    pieces: list[str] = []
    offsets: list[int] = []
    for start, end in _clusters(original):
        piece = _fold_cluster(original[start:end], mainly_latin)
        pieces.append(piece)
        offsets.extend([start] * len(piece))
    return "".join(pieces), offsets


def _spell_out(text: str) -> str:
    """Read digits that stand for letters as letters; as many characters as before."""
    if _LEET_SIGNS.isdisjoint(text):
        return text
    found = [run for run in _LEET_RUN.findall(text) if _LEET_WORD.search(run)]
    if not found:
        return text
    everywhere = len(found) >= _LEET_ENOUGH
    return _LEET_RUN.sub(lambda match: _spelt_out(match.group(), everywhere), text)


def _spelt_out(run: str, everywhere: bool) -> str:
    """One run of letters and signs; where leet is spoken `everywhere`, also without a digit in its midst."""
    if run != "1" and (_AMOUNT.fullmatch(run) or not any(c.isalpha() for c in run)):
        return run
    if not everywhere and not _LEET_WORD.search(run):
        return run
    # What ends a sentence is no letter.
    word = run.rstrip("!")
    return word.translate(_LEET) + run[len(word) :]


def _clusters(text: str) -> list[tuple[int, int]]:
    """Ranges of a base character with the combining marks that follow it."""
    starts = [0]
    for at in range(1, len(text)):
        if not unicodedata.combining(text[at]) or at - starts[-1] >= _MOST_MARKS:
            starts.append(at)
    return list(zip(starts, [*starts[1:], len(text)], strict=True))


def _fold_cluster(cluster: str, mainly_latin: bool) -> str:
    visible = "".join(c for c in cluster if unicodedata.category(c) not in {"Cf", "Cs", "Co"})
    folded = unicodedata.normalize("NFKC", visible)
    # The encoder knows no pictographs: to it each is the same unknown word. Letters in circles and squares
    # have been folded to letters before this; those that Unicode folds to nothing are read by table.
    folded = "".join(_unpictured(c) for c in folded)
    return folded.translate(_LOOKALIKES) if mainly_latin else folded


def _unpictured(character: str) -> str:
    """A letter for a letter in a box, a blank for any other pictograph, and every other character itself."""
    if unicodedata.category(character) != "So":
        return character
    for first in _BOXED:
        if 0 <= ord(character) - first < _LETTERS:
            return chr(ord("a") + ord(character) - first)
    return " "


def _mainly_latin(text: str) -> bool:
    letters = [c for c in text if c.isalpha()]
    latin = sum(c.isascii() or "LATIN" in unicodedata.name(c, "") for c in letters)
    return latin * 2 >= len(letters)


def _drop_marks(text: str, offsets: Sequence[int]) -> tuple[str, Sequence[int]]:
    if _MARKS.isdisjoint(text):
        return text, offsets
    pieces: list[str] = []
    kept: list[int] = []
    at = 0
    for mark in _MARKDOWN.finditer(text):
        pieces.append(text[at : mark.start()])
        kept.extend(offsets[at : mark.start()])
        at = mark.end()
    pieces.append(text[at:])
    kept.extend(offsets[at:])
    return "".join(pieces), kept
