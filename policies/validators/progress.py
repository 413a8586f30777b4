"""Progress: how far a reply that is being streamed through a guard has been judged."""

from dataclasses import dataclass
from typing import Any

from handrail.classifiers.sentences import sentence_ends

# Characters before a passage that are judged with it: about two sentences, so that work stays linear.
LOOKBACK = 320
_KEY = "handrail_progress"


@dataclass(slots=True)
class Progress:
    """One reply so far: its text, up to where it was judged, and whether something took its place."""

    text: str = ""
    judged: int = 0
    replaced: bool = False

    @property
    def due(self) -> bool:
        """Whether a further sentence is complete, so that what has come can be judged.

        The very end of a text completes nothing yet: so a guard still has something to ask about when the
        stream ends. What is judged is all that has come, for Guardrails mixes up what several validators
        give for less than that.
        """
        return any(end < len(self.text) for end in sentence_ends(self.text, self.judged))


def progress_of(metadata: dict[str, Any], validator: object) -> Progress:
    """The progress of one validator in a stream, which Guardrails tells from others by its metadata alone."""
    kept: dict[int, Progress] = metadata.setdefault(_KEY, {})
    return kept.setdefault(id(validator), Progress())


def forget_progress(metadata: dict[str, Any], validator: object) -> None:
    """Take note that a stream has ended, so that its metadata may serve another."""
    metadata.get(_KEY, {}).pop(id(validator), None)
