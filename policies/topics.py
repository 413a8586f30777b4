"""Topic: what a person has brought up, recognised by phrases of a language.

A phrase is matched as whole words, in any case. A star stands for any ending, two dots for up to three
words: "lost .. job" is found in "I lost my second job". Topics choose between texts and decide nothing else.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from handrail.classifiers.exchange import Conversation

# How many of the person's latest messages can still lend a text its topic.
RECENT = 4
# Characters of a text that are searched, from its end: what was asked last stands there.
_SEARCHED = 8000
_BETWEEN = ".."
# Straight and curly apostrophes, and none at all, are the same to who types at night.
_APOSTROPHES = str.maketrans("", "", "'\u2019\u2018\u02bc")


def topics_in(conversation: Conversation, topics: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The topics of the person's latest messages, that of the last message first."""
    said = reversed(conversation.said_by("user")[-RECENT:])
    found = (topic for text in said for topic, phrases in topics.items() if mentions(text, phrases))
    return tuple(dict.fromkeys(found))


def mentions(text: str, phrases: Iterable[str]) -> bool:
    """Whether any of the phrases stands in a text."""
    plain = _plain(text[-_SEARCHED:])
    return any(_pattern(phrase).search(plain) for phrase in phrases)


@lru_cache(maxsize=2048)
def _pattern(phrase: str) -> re.Pattern[str]:
    words = []
    for word in phrase.split():
        ending = r"\w*" if word.endswith("*") else ""
        words.append(r"(?:\S+ ){0,3}" if word == _BETWEEN else re.escape(_plain(word)) + ending + r"(?!\w) ?")
    return re.compile(r"(?<!\w)" + "".join(words))


def _plain(text: str) -> str:
    """Lower case, without apostrophes, each run of other marks made one space."""
    return re.sub(r"[^\w%]+", " ", text.lower().translate(_APOSTROPHES)).strip()
