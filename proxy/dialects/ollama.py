"""Ollama: /api/chat and /api/generate, whole and streamed as lines of JSON. An answer has one voice."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from handrail.classifiers.errors import RequestError
from handrail.classifiers.exchange import Conversation, Message
from handrail.policies.decision import Action, Decision
from handrail.proxy.dialects.dialect import Asked, Dialect, Fault, Said, WholeAnswer
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
    token_words,
    words,
)
from handrail.proxy.dialects.redraft import CHAT, GENERATE, Redraft
from handrail.proxy.dialects.scribe import SingleVoice, Told
from handrail.proxy.dialects.tools import NOTHING, Calls, Shown
from handrail.proxy.frame import Frame
from handrail.proxy.lines import MEDIA_TYPE, LineDecoder, encode
from handrail.proxy.strict_json import loads

_VOICE = 0
_ONLY = frozenset({_VOICE})


@dataclass(frozen=True, slots=True)
class _Shape:
    """Where an endpoint keeps the words: chat inside `message`, generate at the top."""

    holder: Callable[[Json], Json]
    text: str
    wrap: Callable[[str], Json]
    redraft: Redraft

    def texts(self, payload: Json) -> list[tuple[int, str, str]]:
        """The texts of a payload, thinking first, and those of fields that we don't know."""
        held = self.holder(payload)
        found = [(field, words(held.get(field))) for field in ("thinking", self.text)]
        odd = odd_words(payload, _OF_AN_ANSWER)
        if held is not payload:
            odd = "\n".join(filter(None, (odd, odd_words(held, _OF_A_MESSAGE))))
        beyond = token_words(payload.get("logprobs"), "".join(text for _, text in found))
        found += [("other", odd), ("logprobs", beyond)]
        return [(_VOICE, field, text) for field, text in found if text]

    def calls(self, payload: Json, calls: Calls) -> tuple[str, bool]:
        """The words in calls of tools, and whether all of them are read."""
        made = enumerate(self.holder(payload).get("tool_calls") or ())
        found = [_call(at, call, calls) for at, call in made]
        return "\n".join(text for text, _ in found if text), all(read for _, read in found)


def _call(at: int, call: Json, calls: Calls) -> tuple[str, bool]:
    held = call.get("function") or {}
    text, read = calls.read(held.get("index", at), held.get("name"), held.get("arguments"))
    odd = (odd_words(call, {"function"}), odd_words(held, {"name", "arguments"}))
    return "\n".join(filter(None, (text.strip(), *odd))), read


def _with_response(payload: Json) -> Json:
    """A generate payload itself, which must hold a response. Raises KeyError."""
    payload["response"]
    return payload


_CHAT = _Shape(
    lambda payload: payload["message"],
    "content",
    lambda text: {"message": {"role": "assistant", "content": text}},
    CHAT,
)
_GENERATE = _Shape(_with_response, "response", lambda text: {"response": text}, GENERATE)


def read_chat(body: bytes) -> Asked:
    """Read a request to /api/chat. Raises RequestError naming the field and the mend."""
    payload = json_object(body)
    unread: list[str] = []
    # Without messages Ollama only loads or unloads the model.
    messages = listed(payload, "messages") if payload.get("messages") else []
    read = [_message(m, f"messages[{i}]", unread) for i, m in enumerate(messages)]
    conversation = Conversation(tuple(m for m in read if m is not None))
    return Asked(conversation, flag(payload, "stream", default=True), 1, tuple(dict.fromkeys(unread)))


def read_generate(body: bytes) -> Asked:
    """Read a request to /api/generate: the prompt is all that is known of the conversation."""
    payload = json_object(body)
    prompt = payload.get("prompt", "")
    if not isinstance(prompt, str):
        raise RequestError("'prompt' must be a string.", "prompt")
    conversation = Conversation((Message("user", prompt),))
    unread = ("images",) if payload.get("images") else ()
    return Asked(conversation, flag(payload, "stream", default=True), 1, unread)


def write_error(fault: Fault) -> bytes:
    """An error body in Ollama's shape."""
    return dump({"error": fault.message}).encode()


class OllamaScribe(SingleVoice):
    """Reads and writes the lines of a streamed answer."""

    def __init__(self, shape: _Shape, exchange: str, shown: Shown = NOTHING) -> None:
        self._shape = shape
        self._shown = shown
        self._mark: Json = {"handrail": {"exchange": exchange}}
        self._pattern: Json = {}

    def read(self, frame: Frame) -> Told:
        """What a line says. Raises UpstreamError when it is none of Ollama's."""
        if frame.data is None:
            return Told()
        try:
            return self._read(frame.payload())
        except READ_ERRORS as error:
            raise invalid_answer("an Ollama answer") from error

    def finish_with(self, frame: Frame, additions: Mapping[int, str]) -> bytes:
        """The last line parted: its words first, then what is added, then its end."""
        payload = frame.payload()
        held = self._shape.holder(payload)
        texts = {field: words(held[field]) for field in ("thinking", self._shape.text) if held.get(field)}
        out = encode(self._line(texts)) if texts else b""
        held.update(dict.fromkeys(texts, ""))
        payload.pop("logprobs", None)
        return out + self.say(_VOICE, additions[_VOICE]) + encode(dump(payload))

    def say(self, voice: int, text: str) -> bytes:
        """A line that adds text."""
        return encode(dump({**self._pattern, **self._shape.wrap(text), "done": False, **self._mark}))

    def replace(self, voice: int, text: str, *, begun: bool) -> bytes:
        """A line with the text in the reply's place, and the last line."""
        end = {**self._pattern, **self._shape.wrap(""), "done": True, "done_reason": "stop", **self._mark}
        return self.say(voice, text) + encode(dump(end))

    def failure(self, fault: Fault) -> bytes:
        """An error line."""
        return encode(write_error(fault).decode())

    def _read(self, payload: Json) -> Told:
        if payload.get("error"):
            return Told(error=True)
        self._pattern = {k: payload[k] for k in ("model", "created_at") if k in payload}
        done = payload["done"] is True
        # Each line has whole calls in it, so that their numbers begin anew.
        said, read = self._shape.calls(payload, Calls(self._shown))
        texts = (*self._shape.texts(payload), *(((_VOICE, "tool", said),) if said else ()))
        return Told(
            texts,
            _ONLY,
            _ONLY if done else frozenset(),
            unread={} if read else {_VOICE: "tool_calls"},
            done=done,
        )

    def _line(self, texts: Json) -> str:
        """A line with words that the last line held."""
        whole = self._shape.wrap(texts.get(self._shape.text, ""))
        self._shape.holder(whole).update(texts)
        return dump({**self._pattern, **whole, "done": False})


def _reader(shape: _Shape, shown: Shown) -> Callable[[bytes], WholeAnswer]:
    def read(body: bytes) -> WholeAnswer:
        try:
            payload = loads(body)
            said, whole = shape.calls(payload, Calls(shown))
            texts = filter(None, (*(text for _, _, text in shape.texts(payload)), said))
            return WholeAnswer(body, (Said(_VOICE, "\n\n".join(texts), None if whole else "tool_calls"),))
        except READ_ERRORS as error:
            raise invalid_answer("an Ollama answer") from error

    return read


def _writer(shape: _Shape) -> Callable[[WholeAnswer, Mapping[int, Decision], str], bytes]:
    def write(answer: WholeAnswer, decisions: Mapping[int, Decision], exchange: str) -> bytes:
        payload = json.loads(answer.body)
        decision = decisions[_VOICE]
        if decision.action == Action.APPEND:
            held = shape.holder(payload)
            held[shape.text] = decision.delivered(words(held.get(shape.text)))
            payload.pop("logprobs", None)
        elif decision.replaces:
            payload = {
                **only(payload, _TRUE_OF_ANY_REPLY),
                **shape.wrap(decision.text),
                "done": True,
                "done_reason": "stop",
            }
        return dump({**payload, "handrail": {"exchange": exchange}}).encode()

    return write


# What stays of an answer whose reply was replaced; `context` would hand its words back as tokens.
_TRUE_OF_ANY_REPLY = (
    *("model", "created_at", "total_duration", "load_duration", "prompt_eval_count"),
    *("prompt_eval_duration", "eval_count", "eval_duration"),
)


# Fields of an answer, and of its message, that are read by themselves or hold no words of the reply.
_OF_AN_ANSWER = frozenset(
    {
        *_TRUE_OF_ANY_REPLY,
        "message",
        "response",
        "thinking",
        "done",
        "context",
        "logprobs",
        "error",
    }
)
_OF_A_MESSAGE = frozenset({"role", "content", "thinking", "tool_calls", "images"})


def _dialect(name: str, path: str, read: Callable[[bytes], Asked], shape: _Shape, shown: Shown) -> Dialect:
    return Dialect(
        name=name,
        path_ends=(path,),
        stream_type=MEDIA_TYPE,
        read_request=read,
        read_reply=_reader(shape, shown),
        write_reply=_writer(shape),
        write_error=write_error,
        decoder=LineDecoder,
        scribe=lambda exchange: OllamaScribe(shape, exchange, shown),
        redraft=shape.redraft,
    )


def _message(value: object, place: str, unread: list[str]) -> Message | None:
    if not isinstance(value, dict):
        raise RequestError(f"'{place}' must be an object with 'role' and 'content'.", place)
    role, content = str(value.get("role")), value.get("content") or ""
    if role not in ROLES:
        # Models bring roles of their own, such as control; none of them is talk.
        return None
    if not isinstance(content, str):
        raise RequestError(f"'{place}.content' must be a string.", f"{place}.content")
    if value.get("images"):
        unread.append("images")
    return Message(ROLES[role], content)


def ollama_chat(shown: Shown) -> Dialect:
    """Ollama's chat."""
    return _dialect("ollama_chat", "/api/chat", read_chat, _CHAT, shown)


def ollama_generate(shown: Shown) -> Dialect:
    """Ollama's generate."""
    return _dialect("ollama_generate", "/api/generate", read_generate, _GENERATE, shown)
