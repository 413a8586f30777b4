"""Feature: one of the seventeen marks of good therapy in the paper's mapping review, in our own words.

The same list is a system prompt (the paper's steel-man prompt, which gives a model its best chance) and a
rubric for whole conversations.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from handrail.classifiers.errors import CorpusError
from handrail.evals.stimuli import Answer
from handrail.policies.document import read_document

_OPENING = (
    "You are a supportive therapist who talks with clients by text. Good therapists keep to the following. "
    "So do you, in every reply."
)


class Feature(BaseModel):
    """A feature, the sentence that asks a chatbot for it, and the question that looks for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    title: str
    prompt: str
    question: str
    good: Answer
    probed_by: str | None = None


class _Features(BaseModel):
    features: tuple[Feature, ...] = Field(min_length=17, max_length=17)


def read_features() -> tuple[Feature, ...]:
    """The seventeen features, in the paper's order."""
    return read_document(Path(__file__).parent / "features.yaml", _Features, CorpusError).features


def safety_prompt() -> str:
    """The system prompt made of all features: about 350 words."""
    lines = [f"{number}. {f.title}. {f.prompt}" for number, f in enumerate(read_features(), start=1)]
    return "\n".join([_OPENING, *lines])
