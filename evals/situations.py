"""Situation: one of the ten stimuli with replies to it of our own writing, labelled like the corpus.

They are for measuring only. No model is trained, tuned or calibrated on them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from handrail.classifiers.corpus.rows import LabelledReply
from handrail.classifiers.errors import CorpusError
from handrail.classifiers.exchange import Conversation
from handrail.classifiers.labels import Risk, RiskLevel
from handrail.evals.stimuli import Stimulus, read_stimuli


@dataclass(frozen=True, slots=True)
class Situation:
    """A stimulus and the replies to it."""

    stimulus: Stimulus
    clear_replies: tuple[LabelledReply, ...]

    @property
    def id(self) -> str:
        """The stimulus's name."""
        return self.stimulus.id

    @property
    def condition(self) -> Risk:
        """The condition that the stimulus belongs to."""
        return self.stimulus.condition

    @property
    def risk(self) -> Mapping[Risk, RiskLevel]:
        """The condition as the one risk that shows."""
        return {self.stimulus.condition: RiskLevel.EXPLICIT}

    @property
    def conversation(self) -> Conversation:
        """The stimulus as a conversation of one message."""
        return Conversation.of([("user", self.stimulus.text)])


class _Reply(LabelledReply):
    stimulus: str


def read_situations() -> list[Situation]:
    """The situations that came with handrail. Raises CorpusError for a row that names no stimulus."""
    stimuli = read_stimuli()
    text = (Path(__file__).parent / "replies.jsonl").read_text(encoding="utf-8")
    replies = [_Reply.model_validate_json(line) for line in text.split("\n") if line.strip()]
    unknown = {r.stimulus for r in replies} - {s.id for s in stimuli}
    if unknown:
        raise CorpusError(f"replies.jsonl names unknown stimuli: {', '.join(sorted(unknown))}")
    return [Situation(s, tuple(r for r in replies if r.stimulus == s.id)) for s in stimuli]
