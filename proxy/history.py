"""History: what was said before an answer that a later request goes on from by its id alone.

Some APIs keep the conversation on the server and are only told the id of the last answer. The guard reads
risk from the whole conversation, so it remembers the last of them, for a time, in memory. What people said
is in it, so it is bounded, never written down and never logged.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

from handrail.classifiers.exchange import Conversation, Message
from handrail.proxy.dialects.dialect import Asked
from handrail.proxy.journal.record import Origin
from handrail.proxy.logs import logger

_log = logger("history")


class History:
    """Conversations by the id of the answer that ended them."""

    def __init__(self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Keep at most so many characters, each conversation for so many seconds."""
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._size = 0
        self._kept: OrderedDict[str, tuple[float, Conversation]] = OrderedDict()

    def keep(self, name: str, conversation: Conversation, reply: str) -> None:
        """Remember a conversation and the reply that was delivered to it."""
        whole = Conversation((*conversation.messages, Message("assistant", reply)))
        self._drop(name)
        self._kept[name] = (self._clock() + self._seconds, whole)
        self._size += _length(whole)
        # The oldest are the first to expire, and the first to make room.
        while self._kept and (self._size > self._most or self._first_expired()):
            self._drop(next(iter(self._kept)))

    def recall(self, name: str) -> Conversation | None:
        """The conversation that an answer ended; None when it is not known, or no longer."""
        until, conversation = self._kept.get(name, (0.0, None))
        if until < self._clock():
            self._drop(name)
            return None
        return conversation

    def _first_expired(self) -> bool:
        until, _ = next(iter(self._kept.values()))
        return until < self._clock()

    def _drop(self, name: str) -> None:
        gone = self._kept.pop(name, None)
        self._size -= _length(gone[1]) if gone else 0


def _length(conversation: Conversation) -> int:
    return sum(len(m.content) for m in conversation.messages)


def with_history(history: History, asked: Asked, origin: Origin) -> Asked:
    """A request with the conversation that it only refers to."""
    if asked.continues is None:
        return asked
    earlier = history.recall(asked.continues)
    if earlier is None:
        _log.warning("history_unknown", exchange=origin.id)
        return asked
    messages = (*earlier.messages, *asked.conversation.messages)
    return replace(asked, conversation=Conversation(messages))
