"""Paths: how a request's path is read, and by which of them words would come that no dialect here reads.

What a model wrote can also be fetched by an id, from a file of results, or from an interface that handrail
has no dialect for. Such paths are refused unless the settings let them pass unread. The list is of interfaces
known to us, so it can't be complete; docs/dialects.md says what follows from that.
"""

import posixpath
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

Family = Literal[
    "stored", "assistants", "conversations", "batches", "files", "realtime", "audio", "generation"
]

FAMILIES: Mapping[Family, re.Pattern[str]] = {
    # OpenAI: an answer by its id, lists of them, and what may be done with one that gives it back.
    "stored": re.compile(
        r"/responses/(?!input_tokens$)[^/]+(?:/cancel|/input_items)?$"
        r"|/chat/completions/[^/]+(?:/messages)?$|/evals/.*/output_items(?:/|$)|/interactions(?:/|$)"
    ),
    "assistants": re.compile(r"/threads(?:/|$)"),
    "conversations": re.compile(r"/conversations/[^/]+/items(?:/|$)"),
    # OpenAI's and Anthropic's: the answers are in a file that is fetched later.
    "batches": re.compile(r"/batches(?:/|$)"),
    "files": re.compile(r"/files/[^/]+/content$"),
    "realtime": re.compile(r"/realtime(?:/|$)"),
    "audio": re.compile(r"/audio/(?:speech|transcriptions|translations)$"),
    # Anthropic's and OpenAI's old endpoints, llama.cpp, vLLM, TGI, KoboldCpp, SageMaker, Cohere, LM Studio,
    # Gemini and Bedrock.
    "generation": re.compile(
        r"/(?:complete|edits|completion|infill|invocations|converse|converse-stream|invoke"
        r"|invoke-with-response-stream|generate_stream|v\d+/chat)$"
        r"|(?<!/api)/generate$|/extra/generate/[^/]+$|:(?:stream)?(?:generatecontent|rawpredict)$"
    ),
}
# Methods that fetch no words.
_SILENT = frozenset({"DELETE", "HEAD", "OPTIONS"})


# Apps ask for a few paths over and over.
@lru_cache(1024)
def plain(path: str) -> str:
    """A decoded path as the most lenient server would read it: case, slashes, dots and parameters undone."""
    bare = re.sub(r";[^/]*", "", path).casefold()
    return posixpath.normpath(re.sub("/+", "/", bare))


@lru_cache(1024)
def family_of(method: str, path: str) -> Family | None:
    """The family of interfaces a request belongs to whose answers can't be read; None for all others.

    A stored answer is a list when the path of a dialect is asked for without a body, by GET.
    """
    bare = plain(path)
    if method == "GET" and bare.endswith("/chat/completions"):
        return "stored"
    if method in _SILENT:
        return None
    return next((name for name, pattern in FAMILIES.items() if pattern.search(bare)), None)
