"""Evidence: from each token's contribution to a label to a span a reviewer can read."""

from handrail.classifiers.assessment import Span
from handrail.classifiers.encoder import Floats
from handrail.classifiers.windows import Token, Window

# How far the span reaches around the strongest token: about a clause on either side.
_REACH = 12


def span_of(label: str, window: Window, contributions: Floats) -> Span | None:
    """The span around the token that speaks most for a label; None when there is no such token.

    `contributions` [tokens] holds the label's column of the encoder's evidence for this window.
    """
    found = [(float(c), i) for i, c in enumerate(contributions) if window.origins[i] is not None]
    if not found:
        return None
    peak = max(found)[1]
    tokens = _neighbours(window, peak)
    return Span(label, tokens[0].message, min(t.start for t in tokens), max(t.end for t in tokens))


def _neighbours(window: Window, peak: int) -> list[Token]:
    """Tokens near the peak that stand in the same text."""
    centre = window.origins[peak]
    near = window.origins[max(0, peak - _REACH) : peak + _REACH + 1]
    same = [t for t in near if t is not None and centre is not None and t.message == centre.message]
    worded = [t for t in same if t.end > t.start]
    return worded or same
