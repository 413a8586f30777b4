"""Message, Conversation and Exchange: what is judged, free of any wire format."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Role = Literal["user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn: the client's ("user") or the chatbot's ("assistant")."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """The messages the chatbot was sent, oldest first. System prompts are no part of it."""

    messages: tuple[Message, ...]

    @classmethod
    def of(cls, pairs: Iterable[tuple[Role, str]]) -> "Conversation":
        """Build a conversation from (role, content) pairs."""
        return cls(tuple(Message(role, content) for role, content in pairs))

    def said_by(self, role: Role) -> tuple[str, ...]:
        """Give the contents of all messages of one role, oldest first."""
        return tuple(m.content for m in self.messages if m.role == role)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A conversation and the candidate reply to it."""

    conversation: Conversation
    reply: str
