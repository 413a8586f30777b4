"""Generic: home-made chat backends, told where their words stand by JSON Pointers (RFC 6901).

An answer has one voice. What the pointers don't point at is passed on unread, so they must point at all
that a person is shown.
"""

import codecs
import copy
import json
from collections.abc import Callable, Mapping
from typing import Any, Literal

from jsonpointer import JsonPointer, JsonPointerException
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from handrail.classifiers.errors import RequestError
from handrail.classifiers.exchange import Conversation, Message
from handrail.policies.decision import Decision
from handrail.proxy.dialects.dialect import Asked, Dialect, Fault, Said, WholeAnswer
from handrail.proxy.dialects.payload import READ_ERRORS, Json, dump, invalid_answer, json_object
from handrail.proxy.dialects.redraft import Redraft
from handrail.proxy.dialects.scribe import SingleVoice, Told
from handrail.proxy.frame import Frame, FrameDecoder
from handrail.proxy.lines import MEDIA_TYPE as NDJSON
from handrail.proxy.lines import LineDecoder
from handrail.proxy.lines import encode as encode_line
from handrail.proxy.sse import MEDIA_TYPE as SSE
from handrail.proxy.sse import EventDecoder, is_silent
from handrail.proxy.sse import encode as encode_event
from handrail.proxy.strict_json import loads

VOICE = 0
_ONLY = frozenset({VOICE})


class GenericMapping(BaseModel):
    """Where a backend keeps its words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(pattern="^/", description="End of the path that is chatted on, such as /chat.")
    text: str | None = Field(default=None, description="Pointer to the person's message in a request.")
    history: str | None = Field(default=None, description="Pointer to the list of earlier messages.")
    role: str = Field(default="/role", description="Pointer to the author within an earlier message.")
    content: str = Field(default="/content", description="Pointer to the words within an earlier message.")
    client_roles: tuple[str, ...] = Field(
        default=("user", "human", "client"), description="Names of the person among the authors."
    )
    silent_roles: tuple[str, ...] = Field(
        default=("system", "developer", "tool"), description="Authors whose messages are no talk."
    )
    reply: str = Field(default="/reply", description="Pointer to the reply in a whole answer.")
    stream: Literal["sse", "ndjson", "text", "websocket"] | None = Field(
        default=None, description="How replies are streamed, if they are."
    )
    unread_frames: Literal["stop", "pass"] = Field(
        default="stop", description="What is done with a WebSocket's messages that can't be read."
    )
    delta: str = Field(default="/delta", description="Pointer to the words in an event or line of a stream.")
    finish: str | None = Field(
        default=None, description="Pointer that holds something true in the last event or line."
    )
    done: str | None = Field(
        default=None, description="Data of a last event that is no JSON, such as [DONE]."
    )
    guidance: str | None = Field(
        default=None, description="Pointer to what the operator tells the model, if a request carries it."
    )

    @property
    def in_pieces(self) -> bool:
        """Whether a reply over a WebSocket comes in pieces up to an end that is told."""
        return self.finish is not None or self.done is not None

    @field_validator("text", "history", "role", "content", "reply", "delta", "finish", "guidance")
    @classmethod
    def _pointer(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                JsonPointer(value)
            except JsonPointerException as error:
                raise ValueError("must be a JSON Pointer, such as /data/reply") from error
        return value

    @model_validator(mode="after")
    def _some_words(self) -> "GenericMapping":
        if self.text is None and self.history is None:
            raise ValueError("give text or history, so that the conversation can be read")
        return self


def generic_dialect(mapping: GenericMapping) -> Dialect:
    """The dialect of a home-made backend."""
    decoders: Mapping[str | None, Callable[[], FrameDecoder]] = {
        "sse": EventDecoder,
        "ndjson": LineDecoder,
        "text": TextDecoder,
    }
    types = {"sse": SSE, "ndjson": NDJSON, "text": "text/plain"}
    return Dialect(
        name="generic",
        path_ends=(mapping.path.casefold().rstrip("/"),),
        stream_type=types.get(mapping.stream or "", ""),
        read_request=lambda body: _read_request(mapping, body),
        read_reply=lambda body: _read_reply(mapping, body),
        write_reply=lambda answer, decisions, exchange: _write_reply(mapping, answer, decisions),
        write_error=lambda fault: dump({"error": fault.message}).encode(),
        decoder=decoders.get(mapping.stream, EventDecoder),
        scribe=lambda exchange: GenericScribe(mapping),
        redraft=_redraft(mapping),
    )


class TextDecoder:
    """Plain text: every piece that came is a frame, cut where a character ends."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, data: bytes) -> list[Frame]:
        """Take in bytes; give the text that is complete."""
        return self._frames(self._decoder.decode(data))

    def flush(self) -> list[Frame]:
        """What was left of a broken character."""
        return self._frames(self._decoder.decode(b"", final=True))

    def _frames(self, text: str) -> list[Frame]:
        return [Frame(text.encode(), text)] if text else []


class GenericScribe(SingleVoice):
    """Reads and writes events, lines or plain text."""

    def __init__(self, mapping: GenericMapping) -> None:
        self._mapping = mapping
        self._delta = JsonPointer(mapping.delta)
        # The last payload with words in it: what ours are modelled on.
        self._pattern: Json | None = None

    def read(self, frame: Frame) -> Told:
        """What a frame says. Raises UpstreamError when it is none of this backend's."""
        if frame.data is None:
            return self._without_data(frame)
        if self._mapping.stream == "text":
            return Told(((VOICE, "text", frame.data),), _ONLY)
        if frame.data.strip() == self._mapping.done:
            return Told(done=True)
        try:
            return self._read(frame.payload())
        except (*READ_ERRORS, JsonPointerException) as error:
            raise invalid_answer("what its mapping says") from error

    def finish_with(self, frame: Frame, additions: Mapping[int, str]) -> bytes:
        """The last event or line parted: its words first, then what is added, then its end."""
        payload = frame.payload()
        text = self._delta.resolve(payload, "")
        before = self.say(VOICE, text) if text else b""
        if text:
            self._delta.set(payload, "")
        return before + self.say(VOICE, additions[VOICE]) + self._encode(dump(payload))

    def say(self, voice: int, text: str) -> bytes:
        """A frame that adds words."""
        if self._mapping.stream == "text":
            return text.encode()
        return self._encode(dump(with_text(self._pattern or {}, self._mapping.delta, text)))

    def replace(self, voice: int, text: str, *, begun: bool) -> bytes:
        """A frame with the text in the reply's place, and the end that this backend sends."""
        out = self.say(voice, text)
        if self._mapping.finish and self._mapping.stream != "text":
            end = with_text(self._pattern or {}, self._mapping.delta, "")
            out += self._encode(dump(with_value(end, self._mapping.finish, True)))
        return out

    def terminal(self) -> bytes:
        """The last event, where there is one that is no JSON."""
        plain = self._mapping.stream == "text"
        return self._encode(self._mapping.done) if self._mapping.done and not plain else b""

    def failure(self, fault: Fault) -> bytes:
        """An error event or line; in plain text nothing can be said."""
        return b"" if self._mapping.stream == "text" else self._encode(dump({"error": fault.message}))

    def _read(self, payload: Json) -> Told:
        text = self._delta.resolve(payload, None)
        if text is not None and not isinstance(text, str):
            raise TypeError("text must be a string")
        if text:
            self._pattern = payload
        finish = self._mapping.finish
        last = bool(finish and JsonPointer(finish).resolve(payload, None))
        texts = ((VOICE, "text", text),) if text else ()
        return Told(texts, _ONLY if text or last else frozenset(), _ONLY if last else frozenset())

    def _without_data(self, frame: Frame) -> Told:
        if self._mapping.stream == "sse" and not is_silent(frame):
            raise invalid_answer("what its mapping says")
        return Told()

    def _encode(self, data: str) -> bytes:
        return encode_line(data) if self._mapping.stream == "ndjson" else encode_event(data)


def _redraft(mapping: GenericMapping) -> Redraft | None:
    """How to ask again, where a request has a place for guidance."""
    pointer = mapping.guidance
    if pointer is None:
        return None

    def ask(body: bytes, guidance: str) -> bytes:
        payload = json.loads(body)
        there = JsonPointer(pointer).resolve(payload, None)
        text = f"{there}\n\n{guidance}" if isinstance(there, str) and there.strip() else guidance
        return dump(with_text(payload, pointer, text)).encode()

    return Redraft(ask, lambda body: _read_reply(mapping, body).voices[0].text)


def with_text(payload: Json, pointer: str, text: str) -> Json:
    """A copy of a payload with a text at a pointer."""
    return with_value(payload, pointer, text)


def with_value(payload: Json, pointer: str, value: Any) -> Json:
    """A copy of a payload with a value at a pointer, objects made on the way to it where there are none."""
    result: Json = copy.deepcopy(payload)
    place: Any = result
    *way, last = JsonPointer(pointer).parts
    for step in way:
        key: Any = int(step) if isinstance(place, list) else step
        if isinstance(place, dict):
            place.setdefault(key, {})
        place = place[key]
    place[int(last) if isinstance(place, list) else last] = value
    return result


def _read_request(mapping: GenericMapping, body: bytes) -> Asked:
    payload = json_object(body)
    messages = read_history(mapping, payload) if mapping.history else []
    if mapping.text:
        text = JsonPointer(mapping.text).resolve(payload, None)
        if not isinstance(text, str):
            raise RequestError(f"'{mapping.text}' must be a string.", mapping.text)
        messages.append(Message("user", text))
    return Asked(Conversation(tuple(messages)), stream=False)


def read_history(mapping: GenericMapping, payload: Json) -> list[Message]:
    """The earlier messages of a request. Raises RequestError for another shape than the mapping says."""
    pointer = mapping.history or ""
    entries = JsonPointer(pointer).resolve(payload, None)
    if entries is None and mapping.text:
        return []
    if not isinstance(entries, list):
        raise RequestError(f"'{pointer}' must be a list of messages.", pointer)
    found = []
    for at, entry in enumerate(entries):
        role, content = (JsonPointer(p).resolve(entry, None) for p in (mapping.role, mapping.content))
        if not isinstance(role, str) or not isinstance(content, str):
            place = f"{pointer}/{at}"
            raise RequestError(f"'{place}' must have an author and words.", place)
        if role not in mapping.silent_roles:
            found.append(Message("user" if role in mapping.client_roles else "assistant", content))
    return found


def _read_reply(mapping: GenericMapping, body: bytes) -> WholeAnswer:
    try:
        text = JsonPointer(mapping.reply).resolve(loads(body))
        if not isinstance(text, str):
            raise TypeError("text must be a string")
    except (*READ_ERRORS, JsonPointerException) as error:
        raise invalid_answer("what its mapping says") from error
    return WholeAnswer(body, (Said(VOICE, text),))


def _write_reply(mapping: GenericMapping, answer: WholeAnswer, decisions: Mapping[int, Decision]) -> bytes:
    decision = decisions[VOICE]
    text = decision.text if decision.replaces else decision.delivered(answer.voices[0].text)
    return dump(with_text(json.loads(answer.body), mapping.reply, text)).encode()
