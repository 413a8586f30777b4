"""Redraft: how a chatbot is asked again, with guidance on how to answer, in each wire format. Pure.

The second request is the first with the guidance added where the format keeps what the operator says, for
one reply in one piece. Nothing of the reply that was withheld is in it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from handrail.proxy.dialects.payload import Json, dump, words

_LEADING_ROLES = frozenset({"system", "developer"})


@dataclass(frozen=True, slots=True)
class Redraft:
    """How to ask again, and what of the answer a person is shown.

    `ask` gives the body of the second request from that of the first and the guidance. `shown` gives the
    words of a whole answer without what was only thought. `restore` undoes in an answer what it
    repeats of the guidance, given the first request.
    """

    ask: Callable[[bytes, str], bytes]
    shown: Callable[[bytes], str]
    restore: Callable[[bytes, bytes], bytes] = lambda answer, request: answer


def in_first_message(body: bytes, guidance: str) -> bytes:
    """The guidance in the system message: at the end of the first one, or in one put before all others.

    Servers differ in whether they take a second system message, or a late one; all take one in front.
    """
    payload = _in_one_piece(json.loads(body))
    messages = list(payload.get("messages") or [])
    if messages and messages[0].get("role") in _LEADING_ROLES:
        messages[0] = {**messages[0], "content": _joined(messages[0].get("content"), guidance)}
    else:
        messages.insert(0, {"role": "system", "content": guidance})
    if payload.get("n") is not None:
        payload["n"] = 1
    return dump({**payload, "messages": messages}).encode()


def in_field(name: str) -> Callable[[bytes, str], bytes]:
    """The guidance at the end of a field of its own, such as Anthropic's `system`."""

    def ask(body: bytes, guidance: str) -> bytes:
        payload = _in_one_piece(json.loads(body))
        return dump({**payload, name: _joined(payload.get(name), guidance)}).encode()

    return ask


def shown_in_choice(body: bytes) -> str:
    """The words of a chat completion's only choice."""
    return words(json.loads(body)["choices"][0]["message"].get("content"))


def shown_in_blocks(body: bytes) -> str:
    """The words of an Anthropic message."""
    return "\n\n".join(b["text"] for b in json.loads(body)["content"] if b["type"] == "text")


def shown_in_items(body: bytes) -> str:
    """The words of an OpenAI response."""
    items = [item for item in json.loads(body)["output"] if item["type"] == "message"]
    parts = [part for item in items for part in item["content"] if part["type"] == "output_text"]
    return "\n\n".join(part["text"] for part in parts)


def shown_in_message(body: bytes) -> str:
    """The words of an Ollama chat message."""
    return words(json.loads(body)["message"].get("content"))


def shown_in_response(body: bytes) -> str:
    """The words of an Ollama completion."""
    return words(json.loads(body)["response"])


def with_own_instructions(answer: bytes, request: bytes) -> bytes:
    """An OpenAI response repeats its instructions: those of the client are put back."""
    payload = json.loads(answer)
    if "instructions" in payload:
        payload["instructions"] = json.loads(request).get("instructions")
    return dump(payload).encode()


def _in_one_piece(payload: Json) -> Json:
    return {**{k: v for k, v in payload.items() if k != "stream_options"}, "stream": False}


def _joined(there: object, guidance: str) -> object:
    """What stands in a field, a string or a list of text parts, with the guidance after it."""
    if isinstance(there, list):
        return [*there, {"type": "text", "text": guidance}]
    return f"{there}\n\n{guidance}" if isinstance(there, str) and there.strip() else guidance


CHOICE = Redraft(in_first_message, shown_in_choice)
BLOCKS = Redraft(in_field("system"), shown_in_blocks)
ITEMS = Redraft(in_field("instructions"), shown_in_items, with_own_instructions)
CHAT = Redraft(in_first_message, shown_in_message)
GENERATE = Redraft(in_field("system"), shown_in_response)
