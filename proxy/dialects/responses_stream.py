"""OpenAI Responses, streamed: items and parts begun, written and ended by server-sent events.

The ends of parts and items, and of the response, repeat all its text. They wait for the verdict on the
whole, and are written anew where something was added. Text that only an end holds counts as text.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handrail.proxy.dialects.dialect import Dialect, Fault
from handrail.proxy.dialects.openai_chat import write_error
from handrail.proxy.dialects.payload import READ_ERRORS, Json, dump, invalid_answer
from handrail.proxy.dialects.responses import (
    VOICE,
    message_item,
    read_reply,
    read_request,
    text_part,
    texts_of,
    unread_of,
    write_reply,
)
from handrail.proxy.dialects.scribe import Told
from handrail.proxy.frame import Frame
from handrail.proxy.sse import MEDIA_TYPE, EventDecoder, is_silent

_ONLY = frozenset({VOICE})
_TEXT = "output_text"
# Events that add words, and those that repeat them at an end: the kind of part they speak of.
_KINDS = {
    "response.output_text": _TEXT,
    "response.refusal": "refusal",
    "response.reasoning_text": "reasoning_text",
    "response.reasoning_summary_text": "summary_text",
}
_ENDS = frozenset({"response.completed", "response.incomplete", "response.failed"})

# How events number the parts of an item.
_NUMBERS = ("content_index", "summary_index")

# A part of the answer: its item, its kind, and its number among the item's parts.
_Key = tuple[int, str, int]


@dataclass(slots=True)
class _Sent:
    """What a client has been told: the last response object, the open text part and its text."""

    response: Json
    key: _Key | None = None
    item: str = ""
    text: str = ""
    items: int = 0
    number: int = -1


class ResponsesScribe:
    """Reads and writes events of one response."""

    def __init__(self, exchange: str) -> None:
        self._exchange = exchange
        self._parts: dict[_Key, str] = {}
        self._sent = _Sent({"object": "response", "output": []})
        self._addition: tuple[_Key, str] | None = None
        self._shift = 0

    def read(self, frame: Frame) -> Told:
        """What an event says. Raises UpstreamError when it is none of this dialect."""
        if frame.data is None:
            if not is_silent(frame):
                raise invalid_answer("a response stream")
            return Told()
        if frame.data.strip() == "[DONE]":
            return Told(done=True)
        try:
            return self._read(json.loads(frame.data))
        except READ_ERRORS as error:
            raise invalid_answer("a response stream") from error

    def without(self, frame: Frame, gone: frozenset[int]) -> Frame | None:
        """Nothing is left of an event whose voice was replaced."""
        return None

    def takes_addition(self, frame: Frame) -> bool:
        """The end of the last text; without any text, the end of the response."""
        payload = _payload(frame)
        last = self._last_text()
        if payload["type"] in _ENDS:
            return last is None
        return payload["type"] == "response.output_text.done" and _key(payload) == last

    def finish_with(self, frame: Frame, additions: Mapping[int, str]) -> bytes:
        """An end, with the addition before it; the ends that follow will repeat it."""
        payload, text = _payload(frame), additions[VOICE]
        if payload["type"] in _ENDS:
            output = payload["response"].get("output") or []
            item = message_item(f"msg_{self._exchange}", text)
            payload["response"]["output"] = [*output, item]
            return self._whole_item(len(output), item) + self._event(payload)
        self._addition = (_key(payload), text)
        out = self._event(_delta(payload["item_id"], _key(payload), text))
        return out + self.pass_on(frame)

    def pass_on(self, frame: Frame) -> bytes:
        """The event as it came; renumbered and with the addition in it, once there is one."""
        if frame.data is None or frame.data.strip() == "[DONE]":
            return frame.raw
        payload = _payload(frame)
        self._note(payload)
        if self._addition is None and not self._shift:
            return frame.raw
        return self._event(self._with_addition(payload), count=False)

    def say(self, voice: int, text: str) -> bytes:
        """An item of its own: the upstream never ended the response."""
        return self._whole_item(self._sent.items, message_item(f"msg_{self._exchange}", text))

    def replace(self, voice: int, text: str, *, begun: bool) -> bytes:
        """The text said in the open part or in an item of its own, and the end of the response."""
        sent = self._sent
        if sent.key is None:
            item = message_item(f"msg_{self._exchange}", text)
            out = self._whole_item(sent.items, item)
        else:
            item = message_item(sent.item, sent.text + text)
            out = self._event(_delta(sent.item, sent.key, text)) + self._ended(sent.key[0], item)
        response = {**sent.response, "status": "completed", "output": [item]}
        response["handrail"] = {"exchange": self._exchange}
        return out + self._event({"type": "response.completed", "response": response})

    def terminal(self) -> bytes:
        """Nothing: the end of the response came with the replacement."""
        return b""

    def failure(self, fault: Fault) -> bytes:
        """An error event."""
        return self._event({"type": "error", "code": fault.code, "message": fault.message, "param": None})

    def _read(self, payload: Json) -> Told:
        kind = payload["type"]
        base, _, end = kind.rpartition(".")
        if base in _KINDS and end == "delta":
            return self._read_delta(payload)
        if kind in _ENDS:
            texts = self._caught_up(dict(texts_of(payload["response"].get("output") or [])))
            return Told(texts, _ONLY, finishes=_ONLY, done=True, error=kind == "response.failed")
        if base in _KINDS and end == "done":
            text = payload.get("text", payload.get("refusal"))
            return Told(self._caught_up({_key(payload): _string(text)}), _ONLY, waits=_ONLY)
        if kind in {"response.content_part.done", "response.reasoning_summary_part.done"}:
            return Told(self._caught_up(_part_texts(payload)), _ONLY, waits=_ONLY)
        if kind in {"response.output_item.added", "response.output_item.done"}:
            return self._read_item(payload, ended=kind.endswith("done"))
        voices = _ONLY if "output_index" in payload else frozenset()
        named = payload["response"].get("id") if kind == "response.created" else None
        return Told(voices=voices, error=kind == "error", answer=named)

    def _read_delta(self, payload: Json) -> Told:
        key, text = _key(payload), _string(payload["delta"])
        self._parts[key] = self._parts.get(key, "") + text
        return Told(((VOICE, _channel(key), text),) if text else (), _ONLY)

    def _read_item(self, payload: Json, *, ended: bool) -> Told:
        item, at = payload["item"], int(payload["output_index"])
        found = {(at, kind, number): text for (_, kind, number), text in texts_of([item])}
        unread = unread_of([item])
        return Told(
            self._caught_up(found),
            _ONLY,
            waits=_ONLY if ended and item["type"] == "message" else frozenset(),
            unread={VOICE: unread} if unread else {},
        )

    def _caught_up(self, found: Mapping[_Key, str]) -> tuple[tuple[int, str, str], ...]:
        """What an event that repeats text says beyond what has been said. Raises when it says otherwise."""
        texts = []
        for key, text in found.items():
            known = self._parts.get(key, "")
            if not text.startswith(known):
                raise ValueError("an end that differs from what was said")
            if rest := text[len(known) :]:
                self._parts[key] = text
                texts.append((VOICE, _channel(key), rest))
        return tuple(texts)

    def _last_text(self) -> _Key | None:
        return max((key for key in self._parts if key[1] == _TEXT), default=None)

    def _note(self, payload: Json) -> None:
        """Take note of what a client is told by an event."""
        sent, kind = self._sent, payload["type"]
        if "sequence_number" in payload:
            sent.number = max(sent.number, int(payload["sequence_number"]) + self._shift)
        if kind == "response.output_item.added":
            sent.items = max(sent.items, int(payload["output_index"]) + 1)
        if isinstance(payload.get("response"), dict) and kind not in _ENDS:
            sent.response = payload["response"]
        if kind == "response.content_part.added" and payload["part"]["type"] == _TEXT:
            sent.key, sent.item, sent.text = _key(payload), payload["item_id"], ""
        elif kind == "response.output_text.delta" and _key(payload) == sent.key:
            sent.text += payload["delta"]
        elif kind == "response.output_item.done":
            sent.key = None

    def _with_addition(self, payload: Json) -> Json:
        """An event with the addition in every place that repeats its text."""
        if "sequence_number" in payload:
            payload["sequence_number"] += self._shift
        if self._addition is None:
            return payload
        (at, _, number), text = self._addition
        kind = payload["type"]
        if kind == "response.output_text.done" and _key(payload) == self._addition[0]:
            payload["text"] += text
            payload.pop("logprobs", None)
        elif kind == "response.content_part.done" and _key(payload) == self._addition[0]:
            _extend(payload["part"], text)
        elif kind == "response.output_item.done" and payload["output_index"] == at:
            _extend(payload["item"]["content"][number], text)
        elif kind in _ENDS:
            _extend(payload["response"]["output"][at]["content"][number], text)
            payload["response"]["handrail"] = {"exchange": self._exchange}
        return payload

    def _whole_item(self, at: int, item: Json) -> bytes:
        """All events of an item of ours."""
        key, text = (at, _TEXT, 0), item["content"][0]["text"]
        empty = {**item, "status": "in_progress", "content": []}
        place = {"item_id": item["id"], "output_index": at, "content_index": 0}
        out = self._event({"type": "response.output_item.added", "output_index": at, "item": empty})
        out += self._event({"type": "response.content_part.added", **place, "part": text_part("")})
        return out + self._event(_delta(item["id"], key, text)) + self._ended(at, item)

    def _ended(self, at: int, item: Json) -> bytes:
        text = item["content"][0]["text"]
        place = {"item_id": item["id"], "output_index": at, "content_index": 0}
        out = self._event({"type": "response.output_text.done", **place, "text": text})
        out += self._event({"type": "response.content_part.done", **place, "part": text_part(text)})
        return out + self._event({"type": "response.output_item.done", "output_index": at, "item": item})

    def _event(self, payload: Json, *, count: bool = True) -> bytes:
        """An event; one of ours (`count`) takes the next number, and shifts those of all that follow."""
        if count:
            self._sent.number += 1
            self._shift += 1
            payload = {**payload, "sequence_number": self._sent.number}
        return f"event: {payload['type']}\ndata: {dump(payload)}\n\n".encode()


def _payload(frame: Frame) -> Json:
    payload: Json = json.loads(frame.data or "{}")
    return payload


def _key(payload: Json) -> _Key:
    """The part that an event speaks of."""
    base = str(payload["type"]).rpartition(".")[0]
    kind = _KINDS.get(base) or payload["part"]["type"]
    number = next((payload[name] for name in _NUMBERS if name in payload), 0)
    return int(payload["output_index"]), kind, int(number)


def _channel(key: _Key) -> str:
    return " ".join(map(str, key))


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("text must be a string")
    return value


def _part_texts(payload: Json) -> dict[_Key, str]:
    """The words that the end of a part repeats."""
    part = payload["part"]
    text = part.get("text", part.get("refusal"))
    return {_key(payload): _string(text)} if text is not None else {}


def _delta(item: str, key: _Key, text: str) -> Json:
    place = {"item_id": item, "output_index": key[0], "content_index": key[2]}
    return {"type": "response.output_text.delta", **place, "delta": text}


def _extend(part: Json, text: str) -> None:
    part["text"] += text
    part.pop("logprobs", None)


OPENAI_RESPONSES = Dialect(
    name="openai_responses",
    path_ends=("/v1/responses",),
    stream_type=MEDIA_TYPE,
    read_request=read_request,
    read_reply=read_reply,
    write_reply=write_reply,
    write_error=write_error,
    decoder=EventDecoder,
    scribe=ResponsesScribe,
)
