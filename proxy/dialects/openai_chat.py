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
    odd_words,
    only,
    token_words,
    words,
)
from handrail.proxy.dialects.tools import Calls, Shown
from handrail.proxy.strict_json import loads

# What an answer should be.
WHAT = "a chat completion"

# Every field of a message or a delta whose text a person could read, in the order it is shown.
TEXT_FIELDS = (
    *("thinking", "thinking_blocks", "reasoning_content", "reasoning", "reasoning_details"),
    *("content", "refusal"),
)
# Fields with content that is read elsewhere, or that shows a person nothing.
_OTHER_FIELDS = frozenset(
    {"tool_calls", "function_call", "audio", "reasoning_signature", "thinking_signature"}
)
_OF_A_CHOICE = frozenset({"delta", "message", "text", "logprobs"})
_OF_A_CALL = frozenset({"function", "custom"})
_OF_A_FUNCTION = frozenset({"name", "arguments", "input"})
_KINDS = frozenset({"image_url", "input_audio", "file"})
_SILENT_ROLES = frozenset({"system", "developer", "tool", "function"})
MOST_CHOICES = 1024
TRUE_OF_ANY_REPLY = frozenset(
    {"id", "object", "created", "model", "choices", "usage", "service_tier", "system_fingerprint"}
)
# Fields of an answer that are not read: those, and a name that a known router adds to each chunk.
_OF_AN_ANSWER = frozenset({*TRUE_OF_ANY_REPLY, "provider", "error"})


def read_request(body: bytes) -> Asked:
    """Read a request body. Raises RequestError naming the field and the mend."""
    payload = json_object(body)
    messages = listed(payload, "messages")
    stream = flag(payload, "stream", default=False)
    count = payload.get("n")
    if count is not None and not (is_whole(count) and 1 <= count <= MOST_CHOICES):
        raise RequestError(f"'n' must be a whole number from 1 to {MOST_CHOICES}.", "n")
    unread: list[str] = []
    read = [_message(m, f"messages[{i}]", unread) for i, m in enumerate(messages)]
    conversation = Conversation(tuple(m for m in read if m is not None))
    return Asked(conversation, stream, count or 1, tuple(dict.fromkeys(unread)))


def read_reply(body: bytes, shown: Shown, what: str = WHAT) -> WholeAnswer:
    """Read a whole answer. Raises UpstreamError when it is not `what` it should be."""
    try:
        payload = loads(body)
        calls, more = Calls(shown), odd_of(payload)
        choices = tuple(_choice(at, c, calls, "" if at else more) for at, c in enumerate(payload["choices"]))
    except READ_ERRORS as error:
        raise invalid_answer(what) from error
    if not choices or len({c.index for c in choices}) != len(choices):
        raise invalid_answer(what)
    return WholeAnswer(body, choices)


def write_reply(reply: WholeAnswer, decisions: Mapping[int, Decision], exchange: str) -> bytes:
    """The answer with the choices that a decision changes repaired, and the rest as it was."""
    payload = json.loads(reply.body)
    if any(d.replaces for d in decisions.values()):
        # A field that we don't know might repeat the words withheld.
        payload = only(payload, TRUE_OF_ANY_REPLY)
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


def texts_of_choice(choice: Json) -> Iterator[tuple[str, str]]:
    """All texts of a choice by channel, whichever of its forms it uses, but for the calls of tools.

    Raises TypeError for a field of another kind.
    """
    for message in _messages_of(choice):
        yield from _texts_of(message)
    if text := words(choice.get("text")):
        yield "text", text
    if text := odd_words(choice, _OF_A_CHOICE):
        yield "other", text


def calls_of(index: int, choice: Json, calls: Calls) -> Iterator[tuple[str, str, bool]]:
    """Each call of a tool in a choice: its channel, the words in it, and whether it is read."""
    for message in _messages_of(choice):
        for at, call in enumerate(message.get("tool_calls") or ()):
            number = call.get("index", at)
            yield f"tool {number}", *_call((index, number), call, calls)
        if called := message.get("function_call"):
            yield "function", *_call((index, "function"), {"function": called}, calls)


def odd_of(payload: Json) -> str:
    """Words in fields of an answer or chunk that we don't know."""
    return odd_words(payload, _OF_AN_ANSWER)


def unread_of(choice: Json) -> str | None:
    """The name of the first field of a choice that holds what can't be judged, besides calls of tools."""
    heard = (message.get("audio") for message in _messages_of(choice))
    return "audio" if any(heard) else None


def index_of(choice: Json, default: int) -> int:
    """The index of a choice; servers that send one choice may leave it out. Raises ValueError."""
    index = choice.get("index", default)
    if not is_whole(index) or not 0 <= index < MOST_CHOICES:
        raise ValueError("a choice's index must be a small whole number")
    return int(index)


def _messages_of(choice: Json) -> list[Json]:
    found = [choice.get(name) for name in ("delta", "message")]
    return [message for message in found if message]


def _texts_of(message: Json) -> Iterator[tuple[str, str]]:
    """The fields of a message or delta that hold text a person could read, with that text.

    A field that only repeats another's text is passed over.
    """
    seen: list[str] = []
    for field, text in _fields_of(message):
        # Detailed forms of a text come with its plain form, in the same piece.
        if text and not any(text.strip() in known for known in seen):
            seen.append(text)
            yield field, text


def _fields_of(message: Json) -> Iterator[tuple[str, str]]:
    for field in TEXT_FIELDS:
        yield field, words(message.get(field))
    audio = message.get("audio")
    yield "transcript", words(audio.get("transcript")) if isinstance(audio, dict) else ""
    yield "other", odd_words(message, {*TEXT_FIELDS, *_OTHER_FIELDS})


def _call(key: tuple[int, object], call: Json, calls: Calls) -> tuple[str, bool]:
    held: Json = next((call[name] for name in _OF_A_CALL if call.get(name)), {})
    text, read = calls.read(key, held.get("name"), held.get("arguments", held.get("input")))
    odd = (odd_words(call, _OF_A_CALL), odd_words(held, _OF_A_FUNCTION))
    return "\n".join(filter(None, (text, *odd))), read


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


def _choice(at: int, value: Json, calls: Calls, more: str) -> Said:
    if "message" not in value and not isinstance(value["text"], str):
        raise TypeError("a choice must have words")
    if not isinstance(value.get("message", {}), dict):
        raise TypeError("a message must be an object")
    index = index_of(value, at)
    called = list(calls_of(index, value, calls))
    texts = [text for _, text in texts_of_choice(value)]
    beyond = token_words(value.get("logprobs"), "".join(texts))
    found = filter(None, (*texts, *(text for _, text, _ in called), beyond, more))
    unread = None if all(read for *_, read in called) else "tool_calls"
    return Said(index, "\n\n".join(found), unread or unread_of(value))


def _append(choice: Json, decision: Decision) -> None:
    """Add to a choice in place. Log-probabilities go: they no longer match the text."""
    held, field = (choice["message"], "content") if "message" in choice else (choice, "text")
    held[field] = decision.delivered(words(held.get(field)))
    if choice.get("logprobs") is not None:
        choice["logprobs"] = None


def _replace(choice: Json, text: str) -> None:
    """Put a text in a choice's place. Nothing else stays: any field might repeat the words withheld."""
    message = {"role": "assistant", "content": text, "refusal": None}
    said: Json = {"message": message} if "message" in choice else {"text": text}
    kept = {"index": choice["index"]} if "index" in choice else {}
    choice.clear()
    choice.update(kept, **said, finish_reason="stop", logprobs=None)
