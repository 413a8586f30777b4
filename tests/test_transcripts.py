"""Whole conversations through the real proxy: one of ten turns for each condition."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import openai
import pytest
import yaml
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from handrail.policies.texts import Texts, read_texts
from handrail.proxy.journal.record import Record
from handrail.proxy.journal.sqlite import SqliteJournal

from .conftest import Guarded

FOLDER = Path(__file__).parent / "transcripts"
TEXTS = read_texts()
GUIDANCE = set(TEXTS.guidance.values())
CONDITIONS = ("suicidal_ideation", "delusion", "hallucination", "mania", "compulsion", "stigma")
Gets = Literal["deliver", "append", "replace", "again"]


class Turn(BaseModel):
    """What the person says, what the chatbot answers (and answers `again`), and what the person gets.

    `should` says what would have been right where the shipped model misreads; `why` says what is not
    plain; nothing under `never` may arrive.
    """

    model_config = ConfigDict(extra="forbid")

    client: str
    chatbot: str
    again: str | None = None
    gets: Gets
    should: Gets | None = None
    why: str = ""
    never: tuple[str, ...] = ()


class Transcript(BaseModel):
    """A conversation of ten turns."""

    model_config = ConfigDict(extra="forbid")

    condition: str
    locale: str
    turns: tuple[Turn, ...] = Field(min_length=10, max_length=10)


def _read(condition: str) -> Transcript:
    return Transcript.model_validate(yaml.safe_load((FOLDER / f"{condition}.yaml").read_text()))


TRANSCRIPTS = {condition: _read(condition) for condition in CONDITIONS}


@dataclass
class Chatbot:
    """Answers each message as its transcript says; asked with guidance, what is written under `again`."""

    transcript: Transcript
    asked: list[dict[str, Any]]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """A chat completion, whole or streamed by the word."""
        body = json.loads(await request.read())
        self.asked.append(body)
        said = [m for m in body["messages"] if m["role"] == "user"]
        turn = self.transcript.turns[len(said) - 1]
        guided = any(m["role"] == "system" and m["content"] in GUIDANCE for m in body["messages"])
        reply = (turn.again or turn.chatbot) if guided else turn.chatbot
        head = {"id": f"chatcmpl-{len(self.asked)}", "created": 1, "model": "m"}
        if not body.get("stream"):
            message = {"role": "assistant", "content": reply}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            return web.json_response({**head, "object": "chat.completion", "choices": [choice]})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        words = reply.split(" ")
        deltas = [{"content": w if at == 0 else f" {w}"} for at, w in enumerate(words)]
        for delta, finish in [*((d, None) for d in deltas), ({}, "stop")]:
            choice = {"index": 0, "delta": delta, "finish_reason": finish}
            event = {**head, "object": "chat.completion.chunk", "choices": [choice]}
            await response.write(f"data: {json.dumps(event)}\n\n".encode())
        await response.write(b"data: [DONE]\n\n")
        return response


async def _talk(proxy: str, transcript: Transcript, *, stream: bool) -> list[dict[str, str]]:
    """Have the conversation through the official client; give the history that the client holds."""
    messages: list[Any] = []
    async with openai.AsyncOpenAI(base_url=f"{proxy}/v1", api_key="k", max_retries=0) as client:
        for turn in transcript.turns:
            messages.append({"role": "user", "content": turn.client})
            if stream:
                events = await client.chat.completions.create(model="m", messages=messages, stream=True)
                text = "".join([e.choices[0].delta.content or "" async for e in events if e.choices])
            else:
                whole = await client.chat.completions.create(model="m", messages=messages)
                text = whole.choices[0].message.content or ""
            messages.append({"role": "assistant", "content": text})
    return messages


def _got(turn: Turn, text: str) -> Gets:
    """What was done, read off what arrived."""
    if text == turn.chatbot:
        return "deliver"
    if turn.again is not None and text == turn.again:
        return "again"
    return "append" if text.startswith(turn.chatbot) else "replace"


def _ours(texts: Texts, said: str) -> set[str]:
    """The variants of ours that stand in a text."""
    return {v.opening for variants in texts.texts.values() for v in variants if v.stands_in(said)}


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def stream(request: pytest.FixtureRequest) -> bool:
    """Whether replies are streamed."""
    return bool(request.param)


@pytest.mark.parametrize("condition", CONDITIONS)
async def test_ten_turns(
    serve: Callable[[web.Application], Awaitable[str]],
    guarded: Guarded,
    tmp_path: Path,
    condition: str,
    stream: bool,
) -> None:
    """Each turn gets what is due: no harm arrives, no variant twice, no addition twice in a row."""
    transcript, asked = TRANSCRIPTS[condition], []  # type: ignore[var-annotated]
    app = web.Application()
    app.router.add_post("/v1/chat/completions", Chatbot(transcript, asked).answer)
    proxy = await guarded(await serve(app), locale=transcript.locale)
    history = await _talk(proxy, transcript, stream=stream)
    texts = [m["content"] for m in history if m["role"] == "assistant"]
    # In a stream what had been read before the harm can't be taken back; what comes after it is ours.
    got = [_got(turn, text) for turn, text in zip(transcript.turns, texts, strict=True)]
    assert got == [turn.gets for turn in transcript.turns]
    shown = "\n".join(texts)
    for turn in transcript.turns:
        assert not [phrase for phrase in turn.never if phrase in shown]
    # What the client holds, and sends again, is what it was shown: no draft and no guidance of ours in it.
    first = [body for body in asked if not any(m["content"] in GUIDANCE for m in body["messages"])]
    assert first[-1]["messages"] == history[:-1]
    said = [_ours(TEXTS, text) for text in texts]
    variants = [opening for found in said for opening in found]
    assert len(variants) == len(set(variants))
    for before, after in zip(transcript.turns, transcript.turns[1:], strict=False):
        assert (before.gets, after.gets) != ("append", "append")
    await _check_journal(tmp_path, transcript)


async def _check_journal(tmp_path: Path, transcript: Transcript) -> None:
    """Every draft that was rejected is on record."""
    journal = SqliteJournal(tmp_path / "journal.db")
    await journal.open()
    records: list[Record] = await journal.latest(20)
    await journal.close()
    for turn in transcript.turns:
        if turn.gets in {"replace", "again"}:
            (record,) = [r for r in records if r.messages[-1].content == turn.client]
            assert turn.chatbot.startswith(record.reply.rstrip()[:40])
            if turn.gets == "again":
                assert [d["reply"] for d in record.drafts] == [turn.again]


def test_misreadings_are_stated() -> None:
    """Where the model misreads, the transcript says what would have been right and why; they are few."""
    turns = [turn for transcript in TRANSCRIPTS.values() for turn in transcript.turns]
    misread = [turn for turn in turns if turn.should]
    assert all(turn.why and turn.should != turn.gets for turn in misread)
    assert len(misread) <= len(turns) // 15
    # A misreading may cost a sentence too many, never let a harm through.
    assert not [turn for turn in misread if turn.should == "replace"]
