"""Repeat: whether something may be added to a reply once more. Exact, by the words themselves.

What handrail said earlier is recognised in the conversation by the opening of its variants, so nothing
has to be remembered between requests of a client that sends its history.
"""

from handrail.classifiers.labels import RiskLevel
from handrail.policies.texts import Moment, Texts, Variant
from handrail.policies.topics import mentions

_APPEND = "_append"
_REPLACE = "_replace"


def may_add(texts: Texts, name: str, moment: Moment) -> bool:
    """Whether the text is to be added to the reply of a moment.

    Not when the reply already says it; not when it was added to the reply before, unless the risk has come
    into the open since; and not right after a replacement that asked the same, unless the risk is open.
    Where no earlier reply is in the conversation, any repair a turn ago counts, unless the risk rises.
    """
    if mentions(moment.reply, texts.said.get(name, ())):
        return False
    before = moment.conversation.said_by("assistant")
    opened = moment.level == RiskLevel.EXPLICIT
    if not before:
        # A client that sends no history; the session at least knows that something was said.
        return not moment.repaired_before
    added = _found(texts, name, before[-1])
    if added is not None:
        return opened and added.level == RiskLevel.LATENT
    replaced = _found(texts, name.removesuffix(_APPEND) + _REPLACE, before[-1])
    return opened or replaced is None


def _found(texts: Texts, name: str, said: str) -> Variant | None:
    """The variant of a text that stands in a reply of the past."""
    return next((v for v in texts.texts.get(name, ()) if v.stands_in(said)), None)
