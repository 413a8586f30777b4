"""Marks: a text cut where the spans that counted begin and end. Whatever the spans, no text is lost. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from handrail.classifiers.labels import HARMFUL, PROTECTIVE, RISKS
from handrail.policies.false_resource import FALSE_RESOURCE

_KINDS = {
    **{str(label): "risk" for label in RISKS},
    **{str(label): "harm" for label in HARMFUL},
    **{str(label): "help" for label in PROTECTIVE},
    FALSE_RESOURCE: "harm",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text, and the labels that it is evidence for; `kind` is risk, harm, help or nothing."""

    text: str
    labels: tuple[str, ...] = ()
    kind: str = ""


def pieces(text: str, message: int | None, evidence: Iterable[Mapping[str, Any]]) -> list[Piece]:
    """A text in pieces, those with evidence marked. `message` is its index, or None for the reply."""
    spans = [_span(each, len(text)) for each in evidence if each.get("message") == message]
    spans = [(start, end, label) for start, end, label in spans if start < end]
    cuts = sorted({0, len(text), *(at for start, end, _ in spans for at in (start, end))})
    found: list[Piece] = []
    for start, end in pairwise(cuts):
        labels = tuple(dict.fromkeys(label for s, e, label in spans if s <= start and end <= e))
        found.append(Piece(text[start:end], labels, _kind(labels)))
    return found


def _span(values: Mapping[str, Any], length: int) -> tuple[int, int, str]:
    start, end = int(values.get("start", 0)), int(values.get("end", 0))
    return max(0, min(start, length)), max(0, min(end, length)), str(values.get("label", ""))


def _kind(labels: tuple[str, ...]) -> str:
    kinds = {_KINDS.get(label.partition(".")[0], "risk") for label in labels}
    return next((kind for kind in ("harm", "risk", "help") if kind in kinds), "")
