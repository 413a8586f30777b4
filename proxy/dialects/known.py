"""Known: the dialects that are judged, and which of them a request speaks."""

from collections.abc import Collection
from dataclasses import dataclass

from handrail.proxy.dialects.anthropic_stream import anthropic
from handrail.proxy.dialects.dialect import INVALID, Dialect, Fault
from handrail.proxy.dialects.ollama import ollama_chat, ollama_generate
from handrail.proxy.dialects.openai_stream import openai_chat, openai_completions
from handrail.proxy.dialects.paths import Family, family_of
from handrail.proxy.dialects.responses_stream import openai_responses
from handrail.proxy.dialects.tools import Shown


def dialects(shown: Shown) -> tuple[Dialect, ...]:
    """The dialects we know, in the order they are asked; `shown` says which tools are judged."""
    makers = (openai_chat, openai_completions, openai_responses, anthropic, ollama_chat, ollama_generate)
    return tuple(make(shown) for make in makers)


@dataclass(frozen=True, slots=True)
class Known:
    """What a server can read: the operator's `own` dialects before `ours`, and what it may pass unread."""

    own: tuple[Dialect, ...]
    ours: tuple[Dialect, ...]
    unread: Collection[Family] = ()

    def dialect_of(self, method: str, path: str) -> Dialect | None:
        """The dialect of a request; None for one that is no chat."""
        found = next((d for d in self.own if d.takes(method, path)), None)
        if found is not None or family_of(method, path) is not None:
            return found
        return next((d for d in self.ours if d.takes(method, path)), None)

    def refused(self, method: str, path: str) -> Family | None:
        """The family of a request that would fetch words unread, and that no setting lets pass."""
        family = family_of(method, path)
        return None if family in self.unread else family


def unread_path(family: Family) -> Fault:
    """The error for a path by which words would pass unread."""
    message = (
        f"handrail does not relay this path: what a model wrote would come unread ('{family}'). "
        f"The setting relay_unread lets it pass."
    )
    return Fault(501, message, INVALID, "unread_path")
