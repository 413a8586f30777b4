"""Stimulus: a client's message of the published experiment, in our own words."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from handrail.classifiers.errors import CorpusError
from handrail.classifiers.labels import Risk
from handrail.policies.document import read_document


class Stimulus(BaseModel):
    """One message and the condition it belongs to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    condition: Risk
    text: str


class _Stimuli(BaseModel):
    stimuli: tuple[Stimulus, ...]


def read_stimuli() -> tuple[Stimulus, ...]:
    """The stimuli that came with handrail."""
    return read_document(Path(__file__).parent / "stimuli.yaml", _Stimuli, CorpusError).stimuli
