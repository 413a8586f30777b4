"""OpenAI Responses, streamed: items and parts begun, written and ended by server-sent events.

The ends of parts and items, and of the response, repeat all its text. They wait for the verdict on the
whole, and are written anew where something was added. Text that only an end holds counts as text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from handrail.proxy.dialects.dialect import Dialect, Fault
from handrail.proxy.dialects.openai_chat import write_error
from handrail.proxy.dialects.openai_stream import DONE
from handrail.proxy.dialects.payload import Json, beyond, dump, is_whole, odd_words, only, token_words, words
from handrail.proxy.dialects.redraft import ITEMS
from handrail.proxy.dialects.responses import (
    TRUE_OF_ANY_REPLY,
    VOICE,
    call_of,
    is_call,
    message_item,
    odd_of,
    read_reply,
    read_request,
    text_part,
    texts_of,
    texts_of_part,
    unknown,
    write_reply,
)
from handrail.proxy.dialects.scribe import SingleVoice, Told, read_event
from handrail.proxy.dialects.tools import NOTHING, Calls, Shown
from handrail.proxy.frame import Frame
from handrail.proxy.sse import MEDIA_TYPE, EventDecoder, encode

_ONLY = frozenset({VOICE})
_CALL = "call"
# Characters of a part among which the tokens of its log-probabilities are looked for.
_RECENT = 400
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

# Where events keep their words.
_WORDS = ("delta", "text", "refusal", "transcript")

# A part of the answer: its item, its kind, and its number among the item's parts.
_Key = tuple[int, str, int]


# Events that say nothing of the reply itself.
_NEUTRAL = frozenset({"response.created", "response.in_progress", "response.queued", "keepalive"})
# What events are called that write to a tool, and the fields in which their ends repeat it.
_CALLS = ("_call_arguments", "_call_input", "_call_code")
_WRITTEN = ("arguments", "input", "code")
# What events are called that bring sound or pictures.
_UNREAD = ("response.audio", "partial_image")
# Fields of events that are read by themselves or hold no words.
_OF_AN_EVENT = frozenset({"type", "response", "item", "part", "logprobs", *_WORDS, *_WRITTEN})


@dataclass(slots=True)
class _Sent:
    """What a client has been told: the response, the items still open, the open text part and its text."""

    response: Json
    open: dict[int, Json] = field(default_factory=dict)
    key: _Key | None = None
    item: str = ""
    text: str = ""
    items: int = 0
    number: int = -1


class ResponsesScribe(SingleVoice):
    """Reads and writes events of one response."""

    def __init__(self, exchange: str, shown: Shown = NOTHING) -> None:
        self._exchange = exchange
        self._shown = shown
        self._calls = Calls(shown)
        self._parts: dict[_Key, str] = {}
        self._sent = _Sent({"object": "response", "output": []})
        # What was added: to which item, in which part, and the items of ours beside it.
        self._addition: tuple[str, _Key, str] | None = None
        self._own: list[Json] = []
        self._shift = 0

    def read(self, frame: Frame) -> Told:
        """What an event says. Raises UpstreamError when it is none of this dialect."""
        if frame.data is not None and frame.data.strip() == DONE:
            return Told(done=True)
        return read_event(frame, "a response stream", self._read)

    def takes_addition(self, frame: Frame) -> bool:
        """The end of the last text; where none came, the end of the response."""
        payload = frame.payload()
        ended = payload["type"] == "response.output_text.done" and _key(payload) == self._last_text()
        return payload["type"] in _ENDS or ended

    def finish_with(self, frame: Frame, additions: Mapping[int, str]) -> bytes:
        """An end, with the addition before it; the ends that follow will repeat it."""
        payload, text = frame.payload(), additions[VOICE]
        if payload["type"] in _ENDS:
            return self.say(VOICE, text) + self.pass_on(frame)
        self._addition = (str(payload.get("item_id")), _key(payload), text)
        return self._event(_delta(self._addition[0], _key(payload), text)) + self.pass_on(frame)

    def pass_on(self, frame: Frame) -> bytes:
        """The event as it came; renumbered and with the addition in it, once there is one."""
        if frame.data is None or frame.data.strip() == DONE:
            return frame.raw
        payload = frame.payload()
        self._note(payload)
        if not self._shift:
            return frame.raw
        return self._event(self._with_addition(payload), count=False)

    def say(self, voice: int, text: str) -> bytes:
        """An item of its own, which the end of the response will list."""
        item = message_item(f"msg_{self._exchange}", text)
        self._own.append(item)
        return self._whole_item(self._sent.items, item)

    def replace(self, voice: int, text: str, *, begun: bool) -> bytes:
        """The text said in the open part or in an item of its own, and the end of the response."""
        sent = self._sent
        # A client refuses a response that completes with items still open.
        out = b"".join(self._closed(at) for at in sorted(sent.open) if not sent.key or at != sent.key[0])
        if sent.key is None:
            item = message_item(f"msg_{self._exchange}", text)
            out += self._whole_item(sent.items, item)
        else:
            item = message_item(sent.item, sent.text + text)
            out += self._event(_delta(sent.item, sent.key, text)) + self._ended(sent.key[0], item)
        response = {**only(sent.response, TRUE_OF_ANY_REPLY), "status": "completed", "output": [item]}
        response["handrail"] = {"exchange": self._exchange}
        return out + self._event({"type": "response.completed", "response": response})

    def failure(self, fault: Fault) -> bytes:
        """An error event."""
        return self._event({"type": "error", "code": fault.code, "message": fault.message, "param": None})

    def _read(self, payload: Json) -> Told:
        told = self._read_known(payload)
        odd = "" if told.error else odd_words(payload, _OF_AN_EVENT)
        if not odd:
            return told
        return replace(told, texts=(*told.texts, (VOICE, "other", odd)), voices=_ONLY)

    def _read_known(self, payload: Json) -> Told:
        kind = payload["type"]
        if kind == "error":
            return Told(error=True)
        if isinstance(payload.get("response"), dict):
            return self._read_response(payload, ended=kind in _ENDS)
        if kind in _NEUTRAL:
            return Told()
        if kind in {"response.output_item.added", "response.output_item.done"}:
            return self._read_item(payload, ended=kind.endswith("done"))
        if "part" in payload:
            texts = self._caught_up(dict(texts_of_part(_key(payload), payload["part"])))
            return Told(texts, _ONLY, waits=_ONLY if kind.endswith("done") else frozenset())
        return self._read_text(payload)

    def _read_response(self, payload: Json, *, ended: bool) -> Told:
        response = payload["response"]
        output = response.get("output") or []
        found = dict(texts_of(output))
        found[-1, "beside", 0] = odd_of(response, [*found.values()])
        texts = self._caught_up(found)
        calls = [self._catch_up_call(at, item) for at, item in enumerate(output)]
        texts += tuple(text for told in calls for text in told.texts)
        voices = _ONLY if ended or texts else frozenset()
        return Told(
            texts,
            voices,
            finishes=_ONLY if ended else frozenset(),
            done=ended,
            answer=response.get("id") if payload["type"] == "response.created" else None,
        )

    def _read_text(self, payload: Json) -> Told:
        """An event that adds words, or repeats them at an end; of names that we know, or don't yet."""
        base, _, end = str(payload["type"]).rpartition(".")
        if base.endswith(_CALLS):
            return self._read_call(payload, whole=end == "done")
        if base in _UNREAD or "partial_image" in base:
            return Told((), _ONLY, unread={VOICE: "other"})
        if end == "delta" and base in _KINDS:
            return self._read_delta(payload)
        found = next((text for name in _WORDS if (text := words(payload.get(name)))), "")
        texts = self._caught_up({_key(payload): found}) if base in _KINDS or end == "done" else ()
        if end == "delta" and found:
            return self._read_delta({**payload, "delta": found})
        return Told(texts, _ONLY, waits=_ONLY if base in _KINDS else frozenset())

    def _read_delta(self, payload: Json) -> Told:
        key, text = _key(payload), _string(payload["delta"])
        said = self._parts[key] = self._parts.get(key, "") + text
        beyond = token_words(payload.get("logprobs"), said[-max(_RECENT, len(text)) :])
        found = ((_channel(key), text), ("logprobs", beyond))
        return Told(tuple((VOICE, channel, text) for channel, text in found if text), _ONLY)

    def _read_call(self, payload: Json, *, whole: bool) -> Told:
        """More of what is written to a tool, or all of it again. Half a call can't be told, so it waits."""
        at = _place(payload)
        if whole:
            written = next((payload[name] for name in _WRITTEN if isinstance(payload.get(name), str)), "")
            return self._write_call(at, None, self._beyond_call(at, written))
        piece = _string(payload["delta"])
        self._parts[at, _CALL, 0] = self._parts.get((at, _CALL, 0), "") + piece
        return self._write_call(at, None, piece)

    def _beyond_call(self, at: int, written: str) -> str:
        rest = beyond(self._parts.get((at, _CALL, 0), ""), written)
        if rest:
            self._parts[at, _CALL, 0] = written
        return rest

    def _write_call(self, at: int, name: str | None, piece: str) -> Told:
        text, read = self._calls.read(at, name, piece)
        return Told(
            ((VOICE, f"call {at}", text),) if text else (),
            _ONLY,
            waits=_ONLY if read else frozenset(),
            unread={} if read else {VOICE: "tool_calls"},
        )

    def _catch_up_call(self, at: int, item: Json) -> Told:
        """What an item that calls a tool says beyond what has been said of it."""
        if not is_call(item):
            kind = unknown(item)
            return Told(unread={VOICE: kind} if kind else {})
        name, written, rest = call_of(item)
        told = self._write_call(at, name, self._beyond_call(at, written))
        beside, _ = Calls(self._shown).read(at, name, rest)
        texts = self._caught_up({(at, "call beside", 0): beside.strip()})
        unread = {VOICE: str(item["type"])[:40]} if told.unread else {}
        return replace(told, texts=(*told.texts, *texts), unread=unread)

    def _read_item(self, payload: Json, *, ended: bool) -> Told:
        item, at = payload["item"], int(payload["output_index"])
        found = {(at, kind, number): text for (_, kind, number), text in texts_of([item])}
        call = self._catch_up_call(at, item)
        return Told(
            (*self._caught_up(found), *call.texts),
            _ONLY,
            waits=_ONLY if ended and item["type"] == "message" else call.waits,
            unread=call.unread,
        )

    def _caught_up(self, found: Mapping[_Key, str]) -> tuple[tuple[int, str, str], ...]:
        """What an event that repeats text says beyond what has been said.

        Where it says something else than was said, all of it is new.
        """
        texts = []
        for key, text in found.items():
            known = self._parts.get(key, "")
            rest = beyond(known, text)
            if rest:
                self._parts[key] = text
                texts.append((VOICE, _channel(key), rest))
        return tuple(texts)

    def _last_text(self) -> _Key | None:
        return max((key for key in self._parts if key[1] == _TEXT), default=None)

    def _note(self, payload: Json) -> None:
        """Take note of what a client is told by an event."""
        sent, kind = self._sent, payload["type"]
        if is_whole(payload.get("sequence_number")):
            sent.number = max(sent.number, payload["sequence_number"] + self._shift)
        if isinstance(payload.get("response"), dict) and kind not in _ENDS:
            sent.response = payload["response"]
        if kind == "response.output_item.added":
            at = _place(payload)
            sent.open[at], sent.items = payload["item"], max(sent.items, at + 1)
        elif kind == "response.output_item.done":
            sent.open.pop(_place(payload), None)
            sent.key = None
        elif kind == "response.content_part.added" and payload["part"].get("type") == _TEXT:
            sent.key, sent.item, sent.text = _key(payload), str(payload.get("item_id")), ""
        elif kind == "response.output_text.delta" and _key(payload) == sent.key:
            sent.text += payload["delta"]

    def _with_addition(self, payload: Json) -> Json:
        """An event renumbered, with what was added in every place that repeats the text."""
        if is_whole(payload.get("sequence_number")):
            payload["sequence_number"] += self._shift
        kind, ends = payload["type"], payload["type"] in _ENDS
        if ends:
            payload["response"]["handrail"] = {"exchange": self._exchange}
            payload["response"]["output"] = [*(payload["response"].get("output") or []), *self._own]
        if self._addition is None:
            return payload
        name, key, text = self._addition
        if kind == "response.output_text.done" and _key(payload) == key:
            payload["text"] += text
            payload.pop("logprobs", None)
        elif kind == "response.content_part.done" and _key(payload) == key:
            _extend([payload["part"]], text)
        elif kind == "response.output_item.done" and payload["item"].get("id") == name:
            _extend(payload["item"].get("content") or [], text)
        elif ends and not _extend_item(payload["response"]["output"], name, text):
            payload["response"]["output"].append(message_item(f"msg_{self._exchange}", text.lstrip()))
        return payload

    def _closed(self, at: int) -> bytes:
        """The end of an item that stays unfinished."""
        item = {**self._sent.open[at], "status": "incomplete"}
        return self._event({"type": "response.output_item.done", "output_index": at, "item": item})

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
        return encode(dump(payload), payload["type"])


def _key(payload: Json) -> _Key:
    """The part that an event speaks of; servers that send one leave out its numbers."""
    base = str(payload["type"]).rpartition(".")[0]
    kind = _KINDS.get(base) or (payload["part"]["type"] if "part" in payload else base)
    number = next((payload[name] for name in _NUMBERS if name in payload), 0)
    return _place(payload), kind, int(number)


def _place(payload: Json) -> int:
    return int(payload.get("output_index") or 0)


def _channel(key: _Key) -> str:
    return " ".join(map(str, key))


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("text must be a string")
    return value


def _delta(item: str, key: _Key, text: str) -> Json:
    place = {"item_id": item, "output_index": key[0], "content_index": key[2]}
    return {"type": "response.output_text.delta", **place, "delta": text}


def _extend(parts: list[Json], text: str) -> bool:
    """Add to the last text among some parts; whether there was one."""
    found = [p for p in parts if p.get("type") == _TEXT and isinstance(p.get("text"), str)]
    if found:
        found[-1]["text"] += text
        found[-1].pop("logprobs", None)
    return bool(found)


def _extend_item(output: list[Json], name: str, text: str) -> bool:
    """Add to the last text of an item of that name; whether there was one."""
    contents = [item.get("content") or [] for item in output if item.get("id") == name]
    return any(_extend(content, text) for content in contents)


def openai_responses(shown: Shown) -> Dialect:
    """OpenAI Responses."""
    return Dialect(
        name="openai_responses",
        path_ends=("/responses",),
        stream_type=MEDIA_TYPE,
        read_request=read_request,
        read_reply=lambda body: read_reply(body, shown),
        write_reply=write_reply,
        write_error=write_error,
        decoder=EventDecoder,
        scribe=lambda exchange: ResponsesScribe(exchange, shown),
        redraft=ITEMS,
    )
