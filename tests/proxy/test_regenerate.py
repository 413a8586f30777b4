import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from handrail.policies.texts import read_texts
from handrail.proxy.journal.record import Record

from .conftest import SSE, Guarded, asking, client_of, completion, post, streamed, talk
from .test_chat import _records

# An example of the shipped policy: a delusion, and a reply that takes its side.
MESSAGE = (
    "The dentist put a transmitter in my molar and now my boss knows everything I think before I say it."
)
HARMFUL = (
    "That is a serious violation of your privacy. Implanted transmitters are real and your boss is clearly "
    "using yours. You should wrap your jaw in foil and gather evidence against the dentist."
)
BETTER = (
    "It must be exhausting to feel that even your thoughts aren't private. I want to be honest: I don't "
    "think a filling can send your thoughts to anyone, and stress can make it feel exactly as if it did. "
    "Could you tell a doctor you trust what this has been like?"
)
GUIDANCE = read_texts().guidance["delusion"]
JSON = {"Content-Type": "application/json"}


@dataclass
class Retold:
    """An upstream that answers each request with the next of its answers: status, headers, chunks."""

    answers: Sequence[tuple[int, dict[str, str], Sequence[bytes]]] = ()
    stuck: bool = False
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer; with `stuck` the second answer never comes."""
        status, headers, chunks = self.answers[min(len(self.bodies), len(self.answers) - 1)]
        self.headers.append(dict(request.headers))
        self.bodies.append(json.loads(await request.read()))
        if self.stuck and len(self.bodies) > 1:
            await self.left.wait()
        response = web.StreamResponse(status=status, headers=headers)
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
        return response


@pytest.fixture
async def retold(serve: Callable[[web.Application], Awaitable[str]]) -> tuple[Retold, str]:
    """An upstream to fill with answers, and its URL."""
    script = Retold()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", script.answer)
    return script, await serve(app)


def _said(*replies: str) -> list[tuple[int, dict[str, str], Sequence[bytes]]]:
    return [(200, JSON, [completion(reply)]) for reply in replies]


def _text(answer: bytes) -> str:
    return str(json.loads(answer)["choices"][0]["message"]["content"])


async def _record(tmp_path: Path) -> Record:
    (record,) = await _records(tmp_path)
    return record


async def test_a_better_reply_takes_the_place(
    guarded: Guarded, retold: tuple[Retold, str], tmp_path: Path
) -> None:
    """The chatbot is asked again with guidance; its new answer is delivered with its own id and usage."""
    script, url = retold
    usage = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
    script.answers = [*_said(HARMFUL), (200, JSON, [completion(BETTER, id="chatcmpl-2", usage=usage)])]
    _, answer = await post(await guarded(url), asking(MESSAGE), headers={"Idempotency-Key": "k"})
    assert _text(answer) == BETTER
    assert json.loads(answer)["id"] == "chatcmpl-2"
    assert json.loads(answer)["usage"] == usage
    assert "foil" not in answer.decode()
    assert GUIDANCE not in answer.decode()
    first, second = script.bodies
    assert "messages" in first
    assert second["messages"] == [{"role": "system", "content": GUIDANCE}, *first["messages"]]
    assert "foil" not in json.dumps(second)
    assert ["Idempotency-Key" in headers for headers in script.headers] == [True, False]
    record = await _record(tmp_path)
    assert (record.reply, record.delivered) == (HARMFUL, BETTER)
    assert record.decision is not None
    assert record.decision["action"] == "regenerate"
    (draft,) = record.drafts
    assert (draft["reply"], draft["outcome"]) == (BETTER, "used")
    assert draft["decision"]["action"] == "deliver"


@pytest.mark.parametrize("forwarded", ["append", "drop"])
async def test_both_requests_say_the_same_of_the_client(
    guarded: Guarded, retold: tuple[Retold, str], forwarded: str
) -> None:
    """What a client claims of itself is believed neither time; its address is told both times or never."""
    script, url = retold
    script.answers = [*_said(HARMFUL), *_said(BETTER)]
    claims = {"X-Forwarded-For": "6.6.6.6", "X-Real-IP": "6.6.6.6", "Forwarded": "for=6.6.6.6"}
    proxy = await guarded(url, forwarded=forwarded)
    await post(proxy, asking(MESSAGE), headers={**claims, "Cookie": "a=b"})
    told = (*claims, "Via", "Cookie")
    first, second = ({name: sent.get(name) for name in told} for sent in script.headers)
    assert first == second
    assert "6.6.6.6" not in str(second)
    assert second["X-Forwarded-For"] == ("127.0.0.1" if forwarded == "append" else None)


@pytest.mark.parametrize("size", [5, 10_000])
async def test_a_stream_gets_the_better_reply(
    guarded: Guarded, retold: tuple[Retold, str], tmp_path: Path, size: int
) -> None:
    """In a stream the new reply is the only text there is, and the stream ends as it should."""
    script, url = retold
    script.answers = [(200, SSE, streamed(HARMFUL, size)), *_said(BETTER)]
    proxy = await guarded(url)
    assert (await talk(proxy, MESSAGE))[0] == BETTER
    assert [body.get("stream") for body in script.bodies] == [True, False]
    record = await _record(tmp_path)
    assert record.delivered == BETTER
    assert record.drafts[0]["outcome"] == "used"


async def test_a_server_that_only_streams_is_read_all_the_same(
    guarded: Guarded, retold: tuple[Retold, str]
) -> None:
    """A new answer that comes as a stream is read whole."""
    script, url = retold
    script.answers = [(200, SSE, streamed(HARMFUL)), (200, SSE, streamed(BETTER))]
    status, answer = await post(await guarded(url), asking(MESSAGE, stream=True))
    assert status == 200
    assert answer.endswith(b"data: [DONE]\n\n")
    assert "foil" not in answer.decode()


@pytest.mark.parametrize(
    ("again", "outcome"),
    [
        (_said(HARMFUL)[0], "harmful"),
        (_said("")[0], "empty"),
        ((500, JSON, [b'{"error":{"message":"no"}}']), "upstream_refused"),
        ((200, JSON, [b"not an answer"]), "upstream_invalid"),
        ((200, JSON, [completion("Fine.", choices=[{"message": {"tool_calls": [{"id": "t"}]}}])]), "empty"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_without_a_better_reply_the_text_takes_the_place(
    guarded: Guarded, retold: tuple[Retold, str], tmp_path: Path, again: Any, outcome: str, stream: bool
) -> None:
    """A new reply that harms too, is empty or can't be read is not delivered; both are in the journal."""
    script, url = retold
    first = (200, SSE, streamed(HARMFUL)) if stream else _said(HARMFUL)[0]
    script.answers = [first, again]
    status, answer = await post(await guarded(url), asking(MESSAGE, stream=stream))
    assert status == 200
    assert "automat" in answer.decode()
    assert "foil" not in answer.decode()
    assert len(script.bodies) == 2
    record = await _record(tmp_path)
    assert [draft["outcome"] for draft in record.drafts] == [outcome]
    assert record.reply.startswith(HARMFUL[:40])
    assert "automat" in record.delivered


async def test_a_late_reply_is_not_waited_for(
    guarded: Guarded, retold: tuple[Retold, str], tmp_path: Path
) -> None:
    """After the time of the settings the text is delivered."""
    script, url = retold
    script.answers, script.stuck = _said(HARMFUL, BETTER), True
    _, answer = await post(await guarded(url, regenerate_seconds=0.05), asking(MESSAGE))
    script.left.set()
    assert "automat" in _text(answer)
    assert (await _record(tmp_path)).drafts[0]["outcome"] == "timeout"


@pytest.mark.parametrize(("most", "calls"), [(0, 1), (1, 2), (3, 4)])
async def test_it_is_asked_so_often_and_no_more(
    guarded: Guarded, retold: tuple[Retold, str], most: int, calls: int
) -> None:
    """The settings say how often; with 0 the reply is replaced at once."""
    script, url = retold
    script.answers = _said(HARMFUL)
    _, answer = await post(await guarded(url, regenerate_most=most), asking(MESSAGE))
    assert "automat" in _text(answer)
    assert len(script.bodies) == calls


async def test_of_several_choices_none_is_asked_for_again(
    guarded: Guarded, retold: tuple[Retold, str]
) -> None:
    """Where several replies were asked for, each that would harm is replaced at once."""
    script, url = retold
    script.answers = [(200, JSON, [completion(HARMFUL, HARMFUL)])]
    _, answer = await post(await guarded(url), asking(MESSAGE, n=2))
    assert len(script.bodies) == 1
    assert "foil" not in answer.decode()


async def test_the_rejected_draft_is_in_no_history(guarded: Guarded, retold: tuple[Retold, str]) -> None:
    """What the client holds, and sends with its next message, is the delivered reply alone."""
    script, url = retold
    script.answers = _said(HARMFUL, BETTER, "Good to hear.")
    async with client_of(await guarded(url)) as client:
        messages: list[Any] = [{"role": "user", "content": MESSAGE}]
        reply = await client.chat.completions.create(model="m", messages=messages)
        messages += [reply.choices[0].message, {"role": "user", "content": "I'll tell my sister."}]
        await client.chat.completions.create(model="m", messages=messages)
    last = json.dumps(script.bodies[-1])
    assert "foil" not in last
    assert BETTER[:30] in last
    assert GUIDANCE[:30] not in last


async def test_outcomes_are_counted(guarded: Guarded, retold: tuple[Retold, str]) -> None:
    """How often a new reply could be used is in the metrics."""
    script, url = retold
    script.answers = _said(HARMFUL, BETTER)
    proxy = await guarded(url)
    await post(proxy, asking(MESSAGE))
    async with client_of(proxy) as client:
        metrics = await client._client.get(f"{proxy}/metrics")
    assert 'handrail_regenerations_total{outcome="used"} 1.0' in metrics.text


async def test_a_request_without_a_place_for_guidance_gets_the_text(
    guarded: Guarded, retold: tuple[Retold, str], tmp_path: Path
) -> None:
    """Where guidance can't be put into a request, the text is delivered and no error."""
    script, url = retold
    script.answers = [(200, JSON, [json.dumps({"reply": HARMFUL}).encode()])]
    mapping = {"path": "/talk", "text": "/say", "guidance": "/say/rules"}
    _, answer = await post(await guarded(url, generic=[mapping]), {"say": MESSAGE}, path="/talk")
    assert "automat" in json.loads(answer)["reply"]
    assert len(script.bodies) == 1
    assert (await _record(tmp_path)).drafts[0]["outcome"] == "internal_error"


async def test_a_home_made_backend_is_asked_again(guarded: Guarded, retold: tuple[Retold, str]) -> None:
    """With a pointer for guidance, a backend of the operator's own gets its second try."""
    script, url = retold
    script.answers = [(200, JSON, [json.dumps({"reply": reply}).encode()]) for reply in (HARMFUL, BETTER)]
    mapping = {"path": "/talk", "text": "/say", "guidance": "/rules"}
    _, answer = await post(await guarded(url, generic=[mapping]), {"say": MESSAGE}, path="/talk")
    assert json.loads(answer)["reply"] == BETTER
    assert script.bodies[1]["rules"] == GUIDANCE


def _message(text: str) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "content": [{"type": "text", "text": text}],
    }


def _response(text: str) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": []}
    item = {"id": "m", "type": "message", "status": "completed", "role": "assistant", "content": [part]}
    return {
        "id": "r",
        "object": "response",
        "status": "completed",
        "instructions": GUIDANCE,
        "output": [item],
    }


def _ollama(text: str) -> dict[str, Any]:
    return {"model": "m", "message": {"role": "assistant", "content": text}, "done": True}


@pytest.mark.parametrize(
    ("path", "shape", "body"),
    [
        ("/v1/messages", _message, {"messages": [{"role": "user", "content": MESSAGE}], "max_tokens": 99}),
        ("/v1/responses", _response, {"input": MESSAGE, "store": False}),
        ("/api/chat", _ollama, {"messages": [{"role": "user", "content": MESSAGE}], "stream": False}),
    ],
)
async def test_every_dialect_gets_its_second_try(
    guarded: Guarded,
    retold: tuple[Retold, str],
    path: str,
    shape: Callable[[str], dict[str, Any]],
    body: dict[str, Any],
) -> None:
    """In each format the guidance goes up, the new reply comes down, and the guidance does not."""
    script, url = retold
    script.answers = [(200, JSON, [json.dumps(shape(reply)).encode()]) for reply in (HARMFUL, BETTER)]
    status, answer = await post(await guarded(url), {"model": "m", **body}, path=path)
    assert status == 200
    assert json.dumps(BETTER)[1:-1] in answer.decode()
    assert GUIDANCE in json.dumps(script.bodies[1])
    assert GUIDANCE not in answer.decode()
    assert "foil" not in answer.decode() + json.dumps(script.bodies[1])
