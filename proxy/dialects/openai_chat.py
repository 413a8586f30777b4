"""OpenAI Chat Completions: requests, whole replies and errors, read and written without any I/O."""

import json
from collections.abc import Iterator, Mapping

from handrail.classifiers.errors import RequestError
from handrail.classifiers.exchange import Conversation, Message
from handrail.policies.decision import Action, Decision
from handrail.proxy.dialects.dialect import Asked, Fault, Said, WholeAnswer
from handrail.proxy.dialects.payload import (
    READ_ERRORS,
    Json,
    author,
    dump,
    flag,
    invalid_answer,
    is_whole,
    json_object,
    listed,
    only,
    words,
)

# What an answer should be.
WHAT = "a chat completion"

# Every field of a message or a delta whose text a person could read, in the order it is shown.
TEXT_FIELDS = (
    *("thinking", "thinking_blocks", "reasoning_content", "reasoning", "reasoning_details"),
    *("content", "refusal"),
)
# Fields with content that this reading does not judge.
_UNREAD_FIELDS = ("tool_calls", "function_call", "audio")
# Fields that hold names and not words.
_QUIET_FIELDS = frozenset({"role", "name", "id", "type", "reasoning_signature", "thinking_signature"})
_KINDS = frozenset({"image_url", "input_audio", "file"})
_SILENT_ROLES = frozenset({"system", "developer", "tool", "function"})
_MOST_CHOICES = 1024
_TRUE_OF_ANY_REPLY = frozenset(
    {"id", "object", "created", "model", "choices", "usage", "service_tier", "system_fingerprint"}
)


def read_request(body: bytes) -> Asked:
    """Read a request body. Raises RequestError naming the field and the mend."""
    payload = json_object(body)
    messages = listed(payload, "messages")
    stream = flag(payload, "stream", default=False)
    count = payload.get("n")
    if count is not None and not (is_whole(count) and 1 <= count <= _MOST_CHOICES):
        raise RequestError(f"'n' must be a whole number from 1 to {_MOST_CHOICES}.", "n")
    unread: list[str] = []
    read = [_message(m, f"messages[{i}]", unread) for i, m in enumerate(messages)]
    conversation = Conversation(tuple(m for m in read if m is not None))
    return Asked(conversation, stream, count or 1, tuple(dict.fromkeys(unread)))


def read_reply(body: bytes) -> WholeAnswer:
    """Read a whole answer. Raises UpstreamError when it is no chat completion."""
    try:
        choices = tuple(_choice(at, c) for at, c in enumerate(json.loads(body)["choices"]))
    except READ_ERRORS as error:
        raise invalid_answer(WHAT) from error
    if not choices or len({c.index for c in choices}) != len(choices):
        raise invalid_answer(WHAT)
    return WholeAnswer(body, choices)


def write_reply(reply: WholeAnswer, decisions: Mapping[int, Decision], exchange: str) -> bytes:
    """The answer with the choices that a decision changes repaired, and the rest as it was."""
    payload = json.loads(reply.body)
    if any(d.replaces for d in decisions.values()):
        # A field that we don't know might repeat the words withheld.
        payload = only(payload, _TRUE_OF_ANY_REPLY)
    for at, choice in enumerate(payload["choices"]):
        decision = decisions.get(index_of(choice, at))
        if decision is not None and decision.action == Action.APPEND:
            _append(choice, decision)
        elif decision is not None and decision.replaces:
            _replace(choice, decision.text)
    payload["handrail"] = {"exchange": exchange}
    return dump(payload).encode()


def write_error(fault: Fault) -> bytes:
    """An error body in OpenAI's shape."""
    error = {"message": fault.message, "type": fault.kind, "param": fault.field, "code": fault.code}
    return json.dumps({"error": error}).encode()


def texts_of(message: Json) -> Iterator[tuple[str, str]]:
    """The fields of a message or delta that hold text a person could read, with that text.

    A field that only repeats another's text is passed over. Raises TypeError for a field of another kind.
    """
    seen: list[str] = []
    for field in TEXT_FIELDS:
        text = words(message.get(field))
        # Detailed forms of a text come with its plain form, in the same piece.
        if text and not any(text.strip() in known for known in seen):
            seen.append(text)
            yield field, text


def texts_of_choice(choice: Json) -> Iterator[tuple[str, str]]:
    """All texts of a choice, whichever of its forms it uses."""
    for message in _messages_of(choice):
        yield from texts_of(message)
    if text := words(choice.get("text")):
        yield "text", text


def unread_of(choice: Json) -> str | None:
    """The name of the first field of a choice that holds what can't be judged."""
    for message in _messages_of(choice):
        known = next((field for field in _UNREAD_FIELDS if message.get(field)), None)
        if known or any(_is_strange(name, value) for name, value in message.items()):
            return known or "other"
    return None


def index_of(choice: Json, default: int) -> int:
    """The index of a choice; servers that send one choice may leave it out. Raises ValueError."""
    index = choice.get("index", default)
    if not is_whole(index) or not 0 <= index < _MOST_CHOICES:
        raise ValueError("a choice's index must be a small whole number")
    return int(index)


def _messages_of(choice: Json) -> list[Json]:
    found = [choice.get(name) for name in ("delta", "message")]
    return [message for message in found if message]


def _is_strange(name: str, value: object) -> bool:
    """Whether a field that is none of those known holds words."""
    known = name in TEXT_FIELDS or name in _QUIET_FIELDS
    return not known and isinstance(value, str) and bool(value.strip())


def _message(value: object, place: str, unread: list[str]) -> Message | None:
    if not isinstance(value, dict):
        raise RequestError(f"'{place}' must be an object with 'role' and 'content'.", place)
    role = author(value, place, _SILENT_ROLES)
    if role is None:
        return None
    return Message(role, _content(value.get("content"), f"{place}.content", unread))


def _content(value: object, place: str, unread: list[str]) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
        raise RequestError(f"'{place}' must be a string or a list of content parts.", place)
    for number, part in enumerate(value):
        if part.get("type") == "text" and not isinstance(part.get("text"), str):
            raise RequestError(f"'{place}[{number}].text' must be a string.", f"{place}[{number}].text")
        if part.get("type") not in {"text", "refusal"}:
            unread.append(part["type"] if part.get("type") in _KINDS else "other")
    texts = (part.get("text") or part.get("refusal") for part in value)
    return "\n".join(t for t in texts if isinstance(t, str))


def _choice(at: int, value: Json) -> Said:
    message = value["message"]
    if not isinstance(message, dict):
        raise TypeError("a message must be an object")
    text = "\n\n".join(text for _, text in texts_of_choice(value))
    return Said(index_of(value, at), text, unread_of(value))


def _append(choice: Json, decision: Decision) -> None:
    """Add to a choice in place. Log-probabilities go: they no longer match the text."""
    message = choice["message"]
    message["content"] = decision.delivered(words(message.get("content")))
    if choice.get("logprobs") is not None:
        choice["logprobs"] = None


def _replace(choice: Json, text: str) -> None:
    """Put a text in a choice's place. Nothing else stays: any field might repeat the words withheld."""
    message = {"role": "assistant", "content": text, "refusal": None}
    kept = {"index": choice["index"]} if "index" in choice else {}
    choice.clear()
    choice.update(kept, message=message, finish_reason="stop", logprobs=None)
