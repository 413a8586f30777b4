"""Sampling: which exchanges a second person reads, blind. Pure.

An exchange is drawn by a hash of its id: every replica draws the same ones, and nobody's hand is in it.
"""

import hashlib

_WHOLE = 2**64


def drawn(exchange: str, share: float) -> bool:
    """Whether an exchange belongs to the share (0 to 1) that is read twice."""
    digest = hashlib.sha256(f"second reading of {exchange}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * _WHOLE
