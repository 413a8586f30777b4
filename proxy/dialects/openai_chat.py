"""OpenAI Chat Completions: requests, whole replies and errors, read and written without any I/O."""

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from handrail.classifiers.errors import RequestError, UpstreamError
from handrail.classifiers.exchange import Conversation, Message, Role
from handrail.policies.decision import Action, Decision

NAME = "openai_chat"
PATH_END = "/chat/completions"

# Every field of a message or a delta whose text a person could read, in the order it is shown.
TEXT_FIELDS = ("reasoning_content", "reasoning", "content", "refusal")
# Fields with content that this reading does not judge.
_UNREAD_FIELDS = ("tool_calls", "function_call", "audio")
_ROLES: Mapping[str, Role] = {"user": "user", "assistant": "assistant"}
_SILENT_ROLES = frozenset({"system", "developer", "tool", "function"})

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What a request asks: the conversation, whether to stream, and how many choices.

    `unread` names kinds of content in it that can't be judged, such as images.
    """

    conversation: Conversation
    stream: bool
    count: int
    unread: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the replies: its index, all its text, and a reason if something of it can't be judged."""

    index: int
    text: str
    unread: str | None


@dataclass(frozen=True, slots=True)
class ChatReply:
    """A whole answer: the payload as the upstream sent it, and its choices."""

    payload: Json
    choices: tuple[Choice, ...]


def is_chat_path(method: str, path: str) -> bool:
    """Whether a request is a chat completion."""
    return method == "POST" and path.rstrip("/").endswith(PATH_END)


def read_request(body: bytes) -> ChatRequest:
    """Read a request body. Raises RequestError naming the field and the mend."""
    payload = _json_object(body)
    messages = payload.get("messages")
    if not isinstance(messages, list) or not messages:
        raise RequestError("'messages' must be a list of at least one message.", "messages")
    stream = payload.get("stream")
    if stream is not None and not isinstance(stream, bool):
        raise RequestError("'stream' must be true or false.", "stream")
    count = payload.get("n")
    if count is not None and (not isinstance(count, int) or isinstance(count, bool) or count < 1):
        raise RequestError("'n' must be a whole number of at least 1.", "n")
    unread: list[str] = []
    read = [_message(m, f"messages[{i}]", unread) for i, m in enumerate(messages)]
    conversation = Conversation(tuple(m for m in read if m is not None))
    return ChatRequest(conversation, bool(stream), count or 1, tuple(dict.fromkeys(unread)))


def read_reply(body: bytes) -> ChatReply:
    """Read a whole answer. Raises UpstreamError when it is no chat completion."""
    try:
        payload = json.loads(body)
        choices = tuple(_choice(at, c) for at, c in enumerate(payload["choices"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise invalid_reply() from error
    if not choices or len({c.index for c in choices}) != len(choices):
        raise invalid_reply()
    return ChatReply(payload, choices)


def write_reply(reply: ChatReply, decisions: Mapping[int, Decision], exchange: str) -> bytes:
    """The answer with the choices that a decision changes repaired, and the rest as it was."""
    payload = copy.deepcopy(reply.payload)
    for at, choice in enumerate(payload["choices"]):
        decision = decisions.get(int(choice.get("index", at)))
        if decision is not None and decision.action != Action.DELIVER:
            _repair(choice, decision)
    payload["handrail"] = {"exchange": exchange}
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def write_error(message: str, kind: str, code: str | None = None, field: str | None = None) -> bytes:
    """An error body in OpenAI's shape."""
    error = {"message": message, "type": kind, "param": field, "code": code}
    return json.dumps({"error": error}).encode()


def invalid_reply() -> UpstreamError:
    """The error for an answer that is no chat completion."""
    return UpstreamError("The model server's answer was not a chat completion.", 502, "upstream_invalid")


def texts_of(message: Json) -> Iterator[tuple[str, str]]:
    """The fields of a message or delta that hold text a person could read, with that text."""
    for field in TEXT_FIELDS:
        value = message.get(field)
        text = value if isinstance(value, str) else _parts_text(value) if isinstance(value, list) else ""
        if text:
            yield field, text


def unread_of(message: Json) -> str | None:
    """The name of the first field that holds what can't be judged."""
    return next((field for field in _UNREAD_FIELDS if message.get(field)), None)


def _json_object(body: bytes) -> Json:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RequestError("The request body is not valid JSON.") from error
    if not isinstance(payload, dict):
        raise RequestError("The request body must be a JSON object.")
    return payload


def _message(value: object, place: str, unread: list[str]) -> Message | None:
    if not isinstance(value, dict):
        raise RequestError(f"'{place}' must be an object with 'role' and 'content'.", place)
    role = str(value.get("role"))
    if role in _SILENT_ROLES:
        return None
    if role not in _ROLES:
        known = ", ".join(sorted({*_ROLES, *_SILENT_ROLES}))
        raise RequestError(f"'{place}.role' must be one of {known}.", f"{place}.role")
    return Message(_ROLES[role], _content(value.get("content"), f"{place}.content", unread))


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
            unread.append(str(part.get("type")))
    return _parts_text(value)


def _parts_text(parts: list[Any]) -> str:
    texts = [part.get("text") or part.get("refusal") for part in parts if isinstance(part, dict)]
    return "\n".join(t for t in texts if isinstance(t, str))


def _choice(at: int, value: Json) -> Choice:
    message = value["message"]
    text = "\n\n".join(text for _, text in texts_of(message))
    return Choice(int(value.get("index", at)), text, unread_of(message))


def _repair(choice: Json, decision: Decision) -> None:
    """Change a choice in place. Log-probabilities go: they would spell out the words withheld."""
    message = choice["message"]
    if decision.action == Action.APPEND:
        message["content"] = decision.delivered(_as_text(message.get("content")))
    else:
        for field in (*TEXT_FIELDS, *_UNREAD_FIELDS, "annotations"):
            if field in message:
                message[field] = None
        message["content"] = decision.text
        choice["finish_reason"] = "stop"
    if choice.get("logprobs") is not None:
        choice["logprobs"] = None


def _as_text(content: object) -> str:
    return content if isinstance(content, str) else _parts_text(content) if isinstance(content, list) else ""
