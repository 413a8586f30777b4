"""Readability: the school grade that an English text asks for.

Flesch-Kincaid grade level: 0.39 words a sentence + 11.8 syllables a word - 15.59 (Kincaid, Fishburne,
Rogers and Chissom, 1975, "Derivation of new readability formulas for Navy enlisted personnel", Naval
Technical Training Command, Research Branch Report 8-75). Syllables are counted as groups of vowels, the
usual approximation; texts are told apart by a tenth of a grade at best.
"""

import re

_SENTENCE = re.compile(r"[.!?:;]+(?=\s|$)|\n{2,}")
_WORD = re.compile(r"[A-Za-z]+(?:['\u2019][A-Za-z]+)*")
_VOWELS = re.compile(r"[aeiouy]+")
# Endings whose vowel is not spoken, as in "name" and "looked"; in "little" and "wanted" it is.
_SILENT = re.compile(r"(?:[^aeiouyl]|[aeiouy]l)e$|[^aeiouytd]ed$|[^aeiouysxzcg]es$")


def grade(text: str) -> float:
    """The Flesch-Kincaid grade of an English text; 0 for one without words."""
    words = _WORD.findall(text)
    if not words:
        return 0.0
    syllables = sum(count_syllables(word) for word in words)
    return 0.39 * len(words) / len(sentences(text)) + 11.8 * syllables / len(words) - 15.59


def sentences(text: str) -> list[str]:
    """The sentences of a text; a colon or a semicolon ends one too, since a reader rests there."""
    return [s for s in _SENTENCE.split(text) if _WORD.search(s)] or [text]


def count_syllables(word: str) -> int:
    """About how many syllables a word has, at least one."""
    plain = word.lower().replace("'", "").replace("\u2019", "")
    return max(1, len(_VOWELS.findall(plain)) - bool(_SILENT.search(plain)))
