"""Known: the dialects that are judged, and which of them a request speaks."""

import re
from collections.abc import Sequence

from handrail.proxy.dialects.anthropic_stream import ANTHROPIC
from handrail.proxy.dialects.dialect import Dialect
from handrail.proxy.dialects.ollama import OLLAMA_CHAT, OLLAMA_GENERATE
from handrail.proxy.dialects.openai_stream import OPENAI_CHAT
from handrail.proxy.dialects.responses_stream import OPENAI_RESPONSES

# An answer by its id, and what may be done with it that gives it back.
_STORED = re.compile(r"/(?:responses|chat/completions)/[^/]+(?:/cancel)?$")

DIALECTS: tuple[Dialect, ...] = (OPENAI_CHAT, OPENAI_RESPONSES, ANTHROPIC, OLLAMA_CHAT, OLLAMA_GENERATE)


def dialect_of(method: str, path: str, own: Sequence[Dialect] = ()) -> Dialect | None:
    """The dialect of a request, the operator's `own` before ours; None for one that is no chat."""
    return next((d for d in (*own, *DIALECTS) if d.takes(method, path)), None)


def asks_for_stored(method: str, path: str) -> bool:
    """Whether a request fetches an answer that the upstream has kept: it would come as the model wrote it."""
    plain = re.sub("/+", "/", path).casefold().rstrip("/")
    return method in {"GET", "POST"} and _STORED.search(plain) is not None
