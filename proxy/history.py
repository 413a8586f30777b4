"""History: what was said before an answer that a later request goes on from by its id alone.

Some APIs keep the conversation on the server and are only told the id of the last answer. The guard reads
risk from the whole conversation, so it remembers the last of them, for a time, in memory. What people said
is in it, so it is bounded, never written down and never logged.
"""

import time
from collections import OrderedDict
from collections.abc import Callable

from handrail.classifiers.exchange import Conversation, Message


class History:
    """Conversations by the id of the answer that ended them."""

    def __init__(self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, Conversation]] = OrderedDict()

    def keep(self, name: str, conversation: Conversation, reply: str) -> None:
        """Remember a conversation and the reply that was delivered to it."""
        whole = Conversation((*conversation.messages, Message("assistant", reply)))
        self._kept[name] = (self._clock() + self._seconds, whole)
        self._kept.move_to_end(name)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def recall(self, name: str) -> Conversation | None:
        """The conversation that an answer ended; None when it is not known, or no longer."""
        until, conversation = self._kept.get(name, (0.0, None))
        if until < self._clock():
            self._kept.pop(name, None)
            return None
        return conversation
