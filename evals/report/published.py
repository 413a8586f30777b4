"""Published: the paper's figures and the 2018 survey of people, to be shown beside our own."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from handrail.classifiers.errors import CorpusError
from handrail.policies.document import read_document

Figures = Mapping[str, Mapping[str, float]]


class Published(BaseModel):
    """Shares by participant (or question) and condition."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    appropriate: Figures
    stigma: Figures
    people: Figures


@cache
def read_published() -> Published:
    """The figures that came with handrail."""
    return read_document(Path(__file__).parent / "published.yaml", Published, CorpusError)
