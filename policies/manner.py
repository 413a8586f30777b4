"""Manner: how a reply sounds at its end, so that what is added to it does not fall out of tune."""

import re
from enum import StrEnum

# Exclamation marks from which a reply counts as bright, unless it is long.
_MANY = 2
_PER_WORDS = 60
_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]")
# What may stand after the last mark of a sentence.
_TRAIL = " \t\r\n\"'\u201d\u2019)*_"


class Manner(StrEnum):
    """How a reply sounds."""

    BRIGHT = "bright"
    ASKING = "asking"


def manner_of(reply: str) -> Manner | None:
    """Asking when the reply ends with a question; bright with exclamation marks or emoji; else None.

    A question comes first: what is added after it must not bury it.
    """
    if reply.rstrip(_TRAIL).endswith("?"):
        return Manner.ASKING
    loud = len(re.findall(r"!+", reply)) + len(_EMOJI.findall(reply))
    return Manner.BRIGHT if loud >= max(_MANY, len(reply.split()) // _PER_WORDS) else None
