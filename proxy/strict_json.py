"""Strict JSON: read only what every reader reads alike (RFC 8259; RFC 8785 asks for the same).

Where a name stands twice in an object some readers take the first value and some the last, so that what is
judged might not be what is shown. The same goes for any encoding but UTF-8.
"""

import json
from typing import Any


def loads(data: str | bytes) -> Any:
    """A JSON text as values. Raises ValueError, also for a name that stands twice, and RecursionError."""
    return _DECODER.decode(data if isinstance(data, str) else data.decode("utf-8-sig"))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_object)
