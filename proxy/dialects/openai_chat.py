"""OpenAI Chat Completions: requests, whole replies and errors, read and written without any I/O."""

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from handrail.classifiers.errors import RequestError, UpstreamError
from handrail.classifiers.exchange import Conversation, Message, Role
from handrail.policies.decision import Action, Decision

NAME = "openai_chat"
PATH_END = "/chat/completions"

# Every field of a message or a delta whose text a person could read, in the order it is shown.
TEXT_FIELDS = (
    *("thinking", "thinking_blocks", "reasoning_content", "reasoning", "reasoning_details"),
    *("content", "refusal"),
)
# Fields with content that this reading does not judge.
_UNREAD_FIELDS = ("tool_calls", "function_call", "audio")
# Keys of content parts that hold names and not words.
_NAMES = frozenset({"type", "id", "format", "signature", "index"})
_KINDS = frozenset({"image_url", "input_audio", "file"})
_ROLES: Mapping[str, Role] = {"user": "user", "assistant": "assistant"}
_SILENT_ROLES = frozenset({"system", "developer", "tool", "function"})
_MOST_CHOICES = 1024

Json = dict[str, Any]

# What reading a payload of unexpected shape can raise.
READ_ERRORS = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


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
    """A whole answer: the body as the upstream sent it, and its choices."""

    body: bytes
    choices: tuple[Choice, ...]


def is_chat_path(method: str, path: str) -> bool:
    """Whether a request is a chat completion, however a lenient server might let its path be spelt."""
    plain = re.sub(r";[^/]*", "", path).casefold()
    return method == "POST" and posixpath.normpath(re.sub("/+", "/", plain)).endswith(PATH_END)


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
    if count is not None and not (_is_whole(count) and 1 <= count <= _MOST_CHOICES):
        raise RequestError(f"'n' must be a whole number from 1 to {_MOST_CHOICES}.", "n")
    unread: list[str] = []
    read = [_message(m, f"messages[{i}]", unread) for i, m in enumerate(messages)]
    conversation = Conversation(tuple(m for m in read if m is not None))
    return ChatRequest(conversation, bool(stream), count or 1, tuple(dict.fromkeys(unread)))


def read_reply(body: bytes) -> ChatReply:
    """Read a whole answer. Raises UpstreamError when it is no chat completion."""
    try:
        choices = tuple(_choice(at, c) for at, c in enumerate(json.loads(body)["choices"]))
    except READ_ERRORS as error:
        raise invalid_reply() from error
    if not choices or len({c.index for c in choices}) != len(choices):
        raise invalid_reply()
    return ChatReply(body, choices)


def write_reply(reply: ChatReply, decisions: Mapping[int, Decision], exchange: str) -> bytes:
    """The answer with the choices that a decision changes repaired, and the rest as it was."""
    payload = json.loads(reply.body)
    for at, choice in enumerate(payload["choices"]):
        decision = decisions.get(index_of(choice, at))
        if decision is not None and decision.action == Action.APPEND:
            _append(choice, decision)
        elif decision is not None and decision.action == Action.REPLACE:
            _replace(choice, decision.text)
    payload["handrail"] = {"exchange": exchange}
    return dump(payload).encode()


def write_error(message: str, kind: str, code: str | None = None, field: str | None = None) -> bytes:
    """An error body in OpenAI's shape."""
    error = {"message": message, "type": kind, "param": field, "code": code}
    return json.dumps({"error": error}).encode()


def invalid_reply() -> UpstreamError:
    """The error for an answer that is no chat completion."""
    return UpstreamError("The model server's answer was not a chat completion.", 502, "upstream_invalid")


def texts_of(message: Json) -> Iterator[tuple[str, str]]:
    """The fields of a message or delta that hold text a person could read, with that text.

    A field that only repeats another's text is passed over. Raises TypeError for a field of another kind.
    """
    seen: set[str] = set()
    for field in TEXT_FIELDS:
        text = _words(message.get(field))
        if text and text not in seen:
            seen.add(text)
            yield field, text


def unread_of(message: Json) -> str | None:
    """The name of the first field that holds what can't be judged."""
    return next((field for field in _UNREAD_FIELDS if message.get(field)), None)


def index_of(choice: Json, default: int) -> int:
    """The index of a choice; servers that send one choice may leave it out. Raises ValueError."""
    index = choice.get("index", default)
    if not _is_whole(index) or not 0 <= index < _MOST_CHOICES:
        raise ValueError("a choice's index must be a small whole number")
    return int(index)


def dump(payload: Json) -> str:
    """JSON in ASCII: half an emoji, which some servers send, can't be encoded otherwise."""
    return json.dumps(payload, separators=(",", ":"))


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


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
            unread.append(part["type"] if part.get("type") in _KINDS else "other")
    texts = (part.get("text") or part.get("refusal") for part in value)
    return "\n".join(t for t in texts if isinstance(t, str))


def _words(value: object) -> str:
    """All words in a field of a reply: a string, or content parts of any nesting."""
    if value is None or isinstance(value, bool | int | float):
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(filter(None, map(_words, value)))
    if isinstance(value, dict):
        return "\n".join(filter(None, (_words(v) for k, v in value.items() if k not in _NAMES)))
    raise TypeError("no text")


def _choice(at: int, value: Json) -> Choice:
    message = value["message"]
    text = "\n\n".join(text for _, text in texts_of(message))
    return Choice(index_of(value, at), text, unread_of(message))


def _append(choice: Json, decision: Decision) -> None:
    """Add to a choice in place. Log-probabilities go: they no longer match the text."""
    message = choice["message"]
    message["content"] = decision.delivered(_words(message.get("content")))
    if choice.get("logprobs") is not None:
        choice["logprobs"] = None


def _replace(choice: Json, text: str) -> None:
    """Put a text in a choice's place. Nothing else stays: any field might repeat the words withheld."""
    message = {"role": "assistant", "content": text, "refusal": None}
    kept = {"index": choice["index"]} if "index" in choice else {}
    choice.clear()
    choice.update(kept, message=message, finish_reason="stop", logprobs=None)
