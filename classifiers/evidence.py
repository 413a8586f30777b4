"""Evidence: from each token's contribution to a label to a span a reviewer can read."""

import numpy as np

from handrail.classifiers.assessment import Span
from handrail.classifiers.encoder import Floats
from handrail.classifiers.windows import Place, Window

# How far the span reaches around the strongest token: about a clause on either side.
_REACH = 12


def span_of(label: str, window: Window, contributions: Floats) -> Span | None:
    """The span around the token that speaks most for a label; None when there is no such token.

    `contributions` [tokens] holds the label's column of the encoder's evidence for this window.
    """
    placed = np.array([p is not None for p in window.places])
    if not placed.any():
        return None
    peak = int(np.where(placed, contributions, -np.inf).argmax())
    ranges = _neighbours(window, peak)
    return Span(label, _message(window.places[peak]), min(a for a, _ in ranges), max(b for _, b in ranges))


def _message(place: Place | None) -> int | None:
    return place.message if place else None


def _neighbours(window: Window, peak: int) -> list[tuple[int, int]]:
    """Ranges of the tokens near the peak that stand in the same text."""
    message = _message(window.places[peak])
    near = window.places[max(0, peak - _REACH) : peak + _REACH + 1]
    same = [p.range for p in near if p is not None and p.message == message]
    return [(a, b) for a, b in same if b > a] or same
