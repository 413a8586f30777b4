"""Scripted: speakers that need no language model: the scripted chatbots, and recorded replies."""

from pathlib import Path

from handrail.evals.experiments.cues import read_cues
from handrail.evals.targets.canned import read_bank
from handrail.evals.targets.chatbot import Chatbot, read_temperaments
from handrail.evals.targets.recorded import read_recorded
from handrail.evals.targets.server import Spoken, Wanted


class Scripted:
    """All temperaments; the request's model says which is asked."""

    def __init__(self, seed: int) -> None:
        bank, cues = read_bank(), read_cues()
        self._chatbots = {
            name: Chatbot(temperament, bank, cues, seed) for name, temperament in read_temperaments().items()
        }

    async def speak(self, wanted: Wanted) -> Spoken:
        """The reply of the chatbot that is asked. Raises LookupError for one that is not there."""
        return Spoken(self._chatbots[wanted.model].reply(wanted.said))


class Recorded:
    """Recorded replies; the request's `user` says which."""

    def __init__(self, file: Path | None) -> None:
        self._replies = {reply.key: reply for reply in read_recorded(file)}

    async def speak(self, wanted: Wanted) -> Spoken:
        """The recorded reply. Raises LookupError for a key that is not there."""
        return Spoken(self._replies[wanted.key or ""].text)
