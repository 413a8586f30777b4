"""Anthropic Messages: requests, whole replies and errors. An answer has one voice, made of content blocks."""

import json
from collections.abc import Mapping, Sequence

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
    only,
)

VOICE = 0

# Blocks with words a person could read, and the field that holds them.
TEXT_BLOCKS: Mapping[str, str] = {"thinking": "thinking", "text": "text"}
# Blocks of a reply that show a person nothing to read.
_HIDDEN_BLOCKS = frozenset({"redacted_thinking"})


_TRUE_OF_ANY_REPLY = frozenset({"id", "type", "role", "model", "content", "usage"})


def read_request(body: bytes) -> Asked:
    """Read a request body. Raises RequestError naming the field and the mend."""
    payload = json_object(body)
    unread: list[str] = []
    messages = [_message(m, f"messages[{i}]", unread) for i, m in enumerate(listed(payload, "messages"))]
    conversation = Conversation(tuple(messages))
    return Asked(conversation, flag(payload, "stream", default=False), 1, tuple(dict.fromkeys(unread)))


def read_reply(body: bytes) -> WholeAnswer:
    """Read a whole answer. Raises UpstreamError when it is no message."""
    try:
        blocks = json.loads(body)["content"]
        texts = [text for block in blocks if (text := text_of(block))]
        return WholeAnswer(body, (Said(VOICE, "\n\n".join(texts), unread_of(blocks)),))
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
    kind = fault.kind if fault.kind == "invalid_request_error" else "api_error"
    return dump({"type": "error", "error": {"type": kind, "message": fault.message}}).encode()


def text_of(block: Json) -> str:
    """The words in a block of a reply. Raises for a block of another shape."""
    field = TEXT_BLOCKS.get(block["type"])
    text = block[field] if field else ""
    if not isinstance(text, str):
        raise TypeError("text must be a string")
    return text


def unread_of(blocks: Sequence[Json]) -> str | None:
    """The type of the first block that can't be judged."""
    known = {*TEXT_BLOCKS, *_HIDDEN_BLOCKS}
    return next((str(b["type"])[:40] for b in blocks if b["type"] not in known), None)


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
