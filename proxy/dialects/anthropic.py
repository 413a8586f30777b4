"""Anthropic Messages: requests, whole replies and errors. An answer has one voice, made of content blocks."""

import json
from collections.abc import Mapping

from handrail.classifiers.errors import RequestError
from handrail.classifiers.exchange import Conversation, Message
from handrail.policies.decision import Action, Decision
from handrail.proxy.dialects.dialect import Asked, Fault, Said, WholeAnswer
from handrail.proxy.dialects.payload import (
    READ_ERRORS,
    ROLES,
    Json,
    dump,
    flag,
    invalid_answer,
    json_object,
    listed,
    odd_words,
    only,
    words,
)
from handrail.proxy.dialects.tools import Calls, Shown
from handrail.proxy.strict_json import loads

VOICE = 0

# Blocks with words a person could read, and the field that holds them.
TEXT_BLOCKS: Mapping[str, str] = {"thinking": "thinking", "text": "text"}
# Blocks of a reply that show a person nothing to read.
_HIDDEN_BLOCKS = frozenset({"redacted_thinking"})
# How the types of blocks end in which tools are called, and in which what they gave stands.
_TOOL_BLOCKS = ("tool_use", "tool_result")
# Fields of a block, and of a message, that hold no words of the reply, or are read by themselves.
_OF_A_BLOCK = frozenset({"type", "id", "name", "input", "signature", *TEXT_BLOCKS.values()})
_OF_A_MESSAGE = frozenset(
    {"id", "type", "role", "model", "content", "usage", "stop_reason", "stop_sequence", "container"}
)
_TRUE_OF_ANY_REPLY = frozenset({"id", "type", "role", "model", "content", "usage"})


def read_request(body: bytes) -> Asked:
    """Read a request body. Raises RequestError naming the field and the mend."""
    payload = json_object(body)
    unread: list[str] = []
    messages = [_message(m, f"messages[{i}]", unread) for i, m in enumerate(listed(payload, "messages"))]
    conversation = Conversation(tuple(messages))
    return Asked(conversation, flag(payload, "stream", default=False), 1, tuple(dict.fromkeys(unread)))


def read_reply(body: bytes, shown: Shown) -> WholeAnswer:
    """Read a whole answer. Raises UpstreamError when it is no message."""
    try:
        payload = loads(body)
        calls = Calls(shown)
        blocks = [read_block(at, block, calls) for at, block in enumerate(payload["content"])]
        texts = filter(None, (*(text for text, _ in blocks), odd_of(payload)))
        unread = next((reason for _, reason in blocks if reason), None)
        return WholeAnswer(body, (Said(VOICE, "\n\n".join(texts), unread),))
    except READ_ERRORS as error:
        raise invalid_answer("a message") from error


def write_reply(answer: WholeAnswer, decisions: Mapping[int, Decision], exchange: str) -> bytes:
    """The answer with its reply added to or replaced."""
    payload = json.loads(answer.body)
    decision = decisions[VOICE]
    if decision.action == Action.APPEND:
        _append(payload["content"], decision)
    elif decision.replaces:
        # Nothing else stays: any block, any field that we don't know, might repeat the words withheld.
        payload = only(payload, _TRUE_OF_ANY_REPLY)
        payload["content"] = [{"type": "text", "text": decision.text}]
        payload.update(stop_reason="end_turn", stop_sequence=None)
    payload["handrail"] = {"exchange": exchange}
    return dump(payload).encode()


def write_error(fault: Fault) -> bytes:
    """An error body in Anthropic's shape."""
    kind = fault.kind if fault.kind in {"invalid_request_error", "rate_limit_error"} else "api_error"
    return dump({"type": "error", "error": {"type": kind, "message": fault.message}}).encode()


def read_block(at: int, block: Json, calls: Calls) -> tuple[str, str | None]:
    """The words in a block of a reply, and its type if something of it can't be judged.

    Citations and fields that we don't know are read with it. Raises for a block of another shape.
    """
    kind = block["type"]
    if kind.endswith(_TOOL_BLOCKS):
        # What a tool gave goes by the type of its block.
        used = "input" in block
        name, held = (block["name"], block["input"]) if used else (kind, block.get("content"))
        text, read = calls.read(at, name, held)
        return text.strip(), None if read else kind[:40]
    field = TEXT_BLOCKS.get(kind)
    text = block[field] if field else "" if kind in _HIDDEN_BLOCKS else words(block)
    if not isinstance(text, str):
        raise TypeError("text must be a string")
    odd = odd_words(block, _OF_A_BLOCK) if field else ""
    unread = None if field or kind in _HIDDEN_BLOCKS else kind[:40]
    return "\n\n".join(filter(None, (text, odd))), unread


def odd_of(message: Json) -> str:
    """Words in fields of a message that we don't know."""
    return odd_words(message, _OF_A_MESSAGE)


def _append(blocks: list[Json], decision: Decision) -> None:
    """Add to the last text block: clients often show no other."""
    texts = [b for b in blocks if b["type"] == "text"]
    if texts:
        texts[-1]["text"] = decision.delivered(texts[-1]["text"])
    else:
        blocks.append({"type": "text", "text": decision.text})


def _message(value: object, place: str, unread: list[str]) -> Message:
    if not isinstance(value, dict):
        raise RequestError(f"'{place}' must be an object with 'role' and 'content'.", place)
    role = str(value.get("role"))
    if role not in ROLES:
        raise RequestError(f"'{place}.role' must be user or assistant.", f"{place}.role")
    return Message(ROLES[role], _content(value.get("content"), f"{place}.content", unread))


def _content(value: object, place: str, unread: list[str]) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not all(isinstance(block, dict) for block in value):
        raise RequestError(f"'{place}' must be a string or a list of content blocks.", place)
    texts = []
    for number, block in enumerate(value):
        if block.get("type") == "text":
            if not isinstance(block.get("text"), str):
                raise RequestError(f"'{place}[{number}].text' must be a string.", f"{place}[{number}].text")
            texts.append(block["text"])
        elif block.get("type") in {"image", "document"}:
            unread.append(block["type"])
    return "\n".join(texts)
