"""OpenAI Chat Completions and older completions, streamed: chunks as server-sent events, a voice a choice."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from handrail.proxy.dialects import openai_completions as completions
from handrail.proxy.dialects.dialect import Dialect, Fault
from handrail.proxy.dialects.openai_chat import (
    TRUE_OF_ANY_REPLY,
    WHAT,
    calls_of,
    index_of,
    odd_of,
    read_reply,
    read_request,
    texts_of_choice,
    unread_of,
    write_error,
    write_reply,
)
from handrail.proxy.dialects.payload import Json, dump, only, token_words
from handrail.proxy.dialects.redraft import CHOICE
from handrail.proxy.dialects.scribe import Told, read_event
from handrail.proxy.dialects.tools import NOTHING, Calls, Shown
from handrail.proxy.frame import Frame
from handrail.proxy.sse import MEDIA_TYPE, EventDecoder, encode

DONE = "[DONE]"
# Characters of a choice among which the tokens of its log-probabilities are looked for.
_RECENT = 400


@dataclass(frozen=True, slots=True)
class Form:
    """How a choice of a chunk says something: what it should be part of, and the fields that hold a text.

    `empty` stands for no text.
    """

    what: str
    kind: str
    said: Callable[[str], Json]
    empty: Json


CHAT = Form(
    WHAT,
    "chat.completion.chunk",
    lambda text: {"delta": {"content": text}},
    {"delta": {}},
)
COMPLETIONS = Form(completions.WHAT, "text_completion", lambda text: {"text": text}, {"text": ""})


class OpenAiScribe:
    """Reads and writes chunks. `exchange` names the exchange in those that repair."""

    def __init__(self, exchange: str, shown: Shown = NOTHING, form: Form = CHAT) -> None:
        self._form = form
        self._calls = Calls(shown)
        # What fields that we don't know have said: many servers say the same in every chunk.
        self._odd: set[str] = set()
        self._recent: dict[int, str] = {}
        self._mark = {"handrail": {"exchange": exchange}}
        self._pattern: Json = {"object": form.kind}
        # The last chunk so far that finishes each choice: some servers finish every chunk.
        self._last: dict[int, Frame] = {}

    def read(self, frame: Frame) -> Told:
        """What a chunk says. Raises UpstreamError when it is none."""
        if frame.data is not None and frame.data.strip() == DONE:
            return Told(done=True)
        return read_event(frame, self._form.what, lambda payload: self._read(frame, payload))

    def without(self, frame: Frame, gone: frozenset[int]) -> Frame | None:
        """The chunk without the choices that were replaced."""
        payload = frame.payload()
        kept = [choice for index, choice in _choices(payload) if index not in gone]
        if not kept and not payload.get("usage"):
            return None
        data = dump({**only(payload, TRUE_OF_ANY_REPLY), "choices": kept})
        left = Frame(encode(data), data)
        self._last = {voice: left if last is frame else last for voice, last in self._last.items()}
        return left

    def pass_on(self, frame: Frame) -> bytes:
        """Its own bytes: each frame stands by itself."""
        return frame.raw

    def takes_addition(self, frame: Frame) -> bool:
        """The last chunk that finishes a choice."""
        return any(last is frame for last in self._last.values())

    def finish_with(self, frame: Frame, additions: Mapping[int, str]) -> bytes:
        """A finishing chunk split: its text first, then what is added, then its end."""
        opening, ending = frame.payload(), frame.payload()
        out = bytearray()
        for choice in opening["choices"]:
            choice["finish_reason"] = None
            choice.pop("logprobs", None)
        opening.pop("usage", None)
        if any(choice.get("delta") or choice.get("text") for choice in opening["choices"]):
            out += encode(dump(opening))
        for index in sorted(additions):
            out += self.say(index, additions[index])
        for choice in ending["choices"]:
            choice.pop("logprobs", None)
            choice.update(self._form.empty)
        return bytes(out + encode(dump(ending)))

    def say(self, voice: int, text: str) -> bytes:
        """A chunk that adds text to a choice."""
        return self._chunk(voice, self._form.said(text), None)

    def replace(self, voice: int, text: str, *, begun: bool) -> bytes:
        """A chunk with the text in a choice's place, and one that ends it."""
        said = self._form.said(text)
        if not begun and "delta" in said:
            said["delta"] = {"role": "assistant", **said["delta"]}
        return self._chunk(voice, said, None) + self._chunk(voice, self._form.empty, "stop")

    def terminal(self) -> bytes:
        """The event that ends every answer."""
        return encode(DONE)

    def failure(self, fault: Fault) -> bytes:
        """An error event."""
        return encode(write_error(fault).decode())

    def _read(self, frame: Frame, payload: Json) -> Told:
        texts: list[tuple[int, str, str]] = []
        waits: set[int] = set()
        unread: dict[int, str] = {}
        choices = list(_choices(payload))
        for index, choice in choices:
            texts += [(index, channel, text) for channel, text in self._texts(index, choice)]
            for channel, text, read in calls_of(index, choice, self._calls):
                texts += [(index, channel, text)] if text else []
                # What half of a call says can't be told, so the whole of it waits.
                waits |= {index} if read else set()
                unread |= {} if read else {index: "tool_calls"}
            if choice.get("finish_reason"):
                waits.add(index)
                self._last[index] = frame
            if reason := unread_of(choice):
                unread[index] = reason
        voices = {index for index, _ in choices}
        if voices:
            self._pattern = {k: payload[k] for k in ("id", "object", "created", "model") if k in payload}
        if odd := self._unheard(odd_of(payload)):
            texts.append((min(voices, default=0), "other", odd))
        # A choice is complete when the answer is: some servers go on after a finish reason.
        return Told(
            tuple(texts),
            frozenset(voices),
            waits=frozenset(waits),
            unread=unread,
            error=bool(payload.get("error")),
        )

    def _texts(self, index: int, choice: Json) -> Iterator[tuple[str, str]]:
        """The texts of a choice, and what only its log-probabilities or fields we don't know say."""
        for channel, text in texts_of_choice(choice):
            self._recent[index] = (self._recent.get(index, "") + text)[-max(_RECENT, len(text)) :]
            if channel != "other" or self._unheard(text):
                yield channel, text
        if beyond := token_words(choice.get("logprobs"), self._recent.get(index, "")):
            yield "logprobs", beyond

    def _unheard(self, text: str) -> str:
        if text in self._odd:
            return ""
        self._odd.add(text)
        return text

    def _chunk(self, index: int, said: Json, finish: str | None) -> bytes:
        choice = {"index": index, **said, "finish_reason": finish}
        return encode(dump({**self._pattern, "choices": [choice], **self._mark}))


def _choices(payload: Json) -> Iterator[tuple[int, Json]]:
    for at, choice in enumerate(payload.get("choices") or ()):
        yield index_of(choice, at), choice


def openai_chat(shown: Shown) -> Dialect:
    """OpenAI Chat Completions."""
    return Dialect(
        name="openai_chat",
        path_ends=("/chat/completions",),
        stream_type=MEDIA_TYPE,
        read_request=read_request,
        read_reply=lambda body: read_reply(body, shown),
        write_reply=write_reply,
        write_error=write_error,
        decoder=EventDecoder,
        scribe=lambda exchange: OpenAiScribe(exchange, shown),
        redraft=CHOICE,
    )


def openai_completions(shown: Shown) -> Dialect:
    """OpenAI's older completions."""
    return Dialect(
        name="openai_completions",
        path_ends=("/completions",),
        stream_type=MEDIA_TYPE,
        read_request=completions.read_request,
        read_reply=lambda body: read_reply(body, shown, completions.WHAT),
        write_reply=write_reply,
        write_error=write_error,
        decoder=EventDecoder,
        scribe=lambda exchange: OpenAiScribe(exchange, shown, COMPLETIONS),
    )
