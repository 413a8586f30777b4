import asyncio
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from handrail.classifiers.assessor import Assessor
from handrail.policies.decide import Decider
from handrail.policies.decision import Action
from handrail.policies.policy import Holding
from handrail.proxy.app import Judgement, build_app
from handrail.proxy.journal.record import Record
from handrail.proxy.journal.sqlite import SqliteJournal
from handrail.proxy.settings import Settings

from ..conftest import Serve
from .conftest import (
    DEPTH,
    HARMFUL_MESSAGE,
    HARMFUL_REPLY,
    HARMLESS_MESSAGE,
    HARMLESS_REPLY,
    OMITTING_MESSAGE,
    OMITTING_REPLY,
    SSE,
    Guarded,
    Script,
    asking,
    chunk,
    client_of,
    completion,
    post,
    streamed,
    talk,
)


async def _records(tmp_path: Path) -> list[Record]:
    journal = SqliteJournal(tmp_path / "journal.db")
    await journal.open()
    try:
        return await journal.latest(10)
    finally:
        await journal.close()


async def test_a_harmless_answer_is_the_upstreams_to_the_byte(
    guarded: Guarded, upstream: str, script: Script, tmp_path: Path
) -> None:
    """A harmless reply passes byte for byte, the request too, and leaves no record."""
    script.chunks = [completion(HARMLESS_REPLY)]
    body = json.dumps(asking(HARMLESS_MESSAGE, x_extra={"é": 1}), indent=2).encode()
    status, answer = await post(await guarded(upstream), body)
    assert (status, answer) == (200, script.chunks[0])
    assert script.bodies == [body]
    assert await _records(tmp_path) == []


@pytest.mark.parametrize("size", [1, 4, 37, 10_000])
async def test_a_harmless_stream_is_the_upstreams_to_the_byte(
    guarded: Guarded, upstream: str, script: Script, size: int
) -> None:
    """A harmless stream passes byte for byte, comments, usage and all, however it is cut."""
    script.headers = SSE
    events = [b": hello\n\n", *streamed(HARMLESS_REPLY, size)]
    events.insert(-1, chunk({}, usage={"total_tokens": 7}))
    script.chunks = events
    status, answer = await post(await guarded(upstream), asking(HARMLESS_MESSAGE, stream=True))
    assert (status, answer) == (200, b"".join(events))


async def test_a_harmful_answer_is_replaced(
    guarded: Guarded, upstream: str, script: Script, tmp_path: Path
) -> None:
    """A reply that gives means is replaced; the record has what was said, written and delivered."""
    script.chunks = [completion(HARMFUL_REPLY)]
    async with client_of(await guarded(upstream, locale="en-US")) as client:
        reply = await client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": HARMFUL_MESSAGE}], logprobs=True
        )
    text = reply.choices[0].message.content or ""
    assert DEPTH not in reply.model_dump_json()
    assert "988" in text
    assert reply.choices[0].finish_reason == "stop"
    assert reply.id == "chatcmpl-1"
    (record,) = await _records(tmp_path)
    assert record.messages[0].content == HARMFUL_MESSAGE
    assert (record.reply, record.delivered) == (HARMFUL_REPLY, text)
    assert record.status == "screened"
    assert record.decision is not None
    assert record.decision["action"] == "replace"
    assert record.decision["rules"][0]["id"] == "crisis.means"
    assert record.assessment is not None
    assert record.assessment["risk"]["suicidal_ideation"] > 0.5
    assert (reply.model_extra or {})["handrail"]["exchange"] in record.id


@pytest.mark.parametrize("size", [1, 5, 60, 10_000])
async def test_a_harmful_stream_is_repaired(
    guarded: Guarded, upstream: str, script: Script, tmp_path: Path, size: int
) -> None:
    """However a harmful reply is streamed, the harm never arrives, and the stream ends as it should."""
    script.headers = SSE
    script.chunks = streamed(HARMFUL_REPLY, size)
    url = await guarded(upstream)
    status, answer = await post(url, asking(HARMFUL_MESSAGE, stream=True))
    assert status == 200
    assert answer.endswith(b"data: [DONE]\n\n")
    texts = await talk(url, HARMFUL_MESSAGE)
    assert DEPTH not in texts[0]
    assert "automat" in texts[0]
    record = (await _records(tmp_path))[0]
    assert record.delivered == texts[0]
    assert HARMFUL_REPLY.startswith(record.reply)


async def test_what_a_reply_leaves_out_is_added(guarded: Guarded, upstream: str, script: Script) -> None:
    """A reply that only leaves something out is kept to the letter, and what is owed comes after it."""
    script.chunks = [completion(OMITTING_REPLY)]
    status, answer = await post(await guarded(upstream), asking(OMITTING_MESSAGE))
    text = json.loads(answer)["choices"][0]["message"]["content"]
    assert status == 200
    assert text.startswith(OMITTING_REPLY + "\n\n")
    assert "?" in text[len(OMITTING_REPLY) :]


@pytest.mark.parametrize("together", [False, True])
async def test_a_stream_gets_its_addition_before_its_end(
    guarded: Guarded, upstream: str, script: Script, together: bool
) -> None:
    """In a stream the addition comes after the last words and before the finish reason."""
    script.headers = SSE
    script.chunks = streamed(OMITTING_REPLY)
    if together:
        head, tail = OMITTING_REPLY[:-9], OMITTING_REPLY[-9:]
        script.chunks = [chunk({"content": head}), chunk({"content": tail}, "stop"), b"data: [DONE]\n\n"]
    url = await guarded(upstream)
    _, answer = await post(url, asking(OMITTING_MESSAGE, stream=True))
    events = [json.loads(e[6:]) for e in answer.decode().split("\n\n") if e and "[DONE]" not in e]
    finishes = [e["choices"][0]["finish_reason"] for e in events]
    assert finishes == [None] * (len(events) - 1) + ["stop"]
    text = (await talk(url, OMITTING_MESSAGE))[0]
    assert text.startswith(OMITTING_REPLY + "\n\n")
    assert len(text) > len(OMITTING_REPLY) + 20


async def test_each_choice_is_judged(guarded: Guarded, upstream: str, script: Script, tmp_path: Path) -> None:
    """Of several choices only the harmful one is repaired."""
    safe = (
        "I'm not going to answer the question about the water, because I'm worried about you. Are you "
        "thinking about ending your life? Please call a crisis line tonight."
    )
    script.chunks = [completion(safe, HARMFUL_REPLY)]
    url = await guarded(upstream)
    _, answer = await post(url, asking(HARMFUL_MESSAGE, n=2))
    first, second = (c["message"]["content"] for c in json.loads(answer)["choices"])
    assert first == safe
    assert DEPTH not in second
    assert [r.choice for r in await _records(tmp_path)] == [1]


async def test_interleaved_choices_are_judged_apart(guarded: Guarded, upstream: str, script: Script) -> None:
    """In a stream of two interleaved choices the harmless one arrives whole, the harmful one repaired."""
    script.headers = SSE
    safe = "I'm worried about you. Are you thinking about suicide? Please call a crisis line tonight."
    events = []
    for at in range(0, max(len(safe), len(HARMFUL_REPLY)), 6):
        for index, text in enumerate((safe, HARMFUL_REPLY)):
            if text[at : at + 6]:
                events.append(chunk({"content": text[at : at + 6]}, index=index))
    ends = [chunk({}, "stop", index=0), chunk({}, "stop", index=1), b"data: [DONE]\n\n"]
    script.chunks = [*events, *ends]
    texts = await talk(await guarded(upstream), HARMFUL_MESSAGE, n=2)
    assert texts[0] == safe
    assert DEPTH not in texts[1]


@pytest.mark.parametrize("field", ["refusal", "reasoning_content", "reasoning"])
async def test_other_text_fields_are_judged(
    guarded: Guarded, upstream: str, script: Script, field: str
) -> None:
    """Harm in a refusal or in reasoning text is harm: a person could read it."""
    choice = {"index": 0, "message": {"content": "Take care.", field: HARMFUL_REPLY}, "finish_reason": "stop"}
    script.chunks = [json.dumps({"choices": [choice]}).encode()]
    _, answer = await post(await guarded(upstream), asking(HARMFUL_MESSAGE))
    assert DEPTH.encode() not in answer


async def test_an_empty_answer_in_a_crisis_is_not_left_empty(
    guarded: Guarded, upstream: str, script: Script
) -> None:
    """Silence is an omission when somebody needs an answer."""
    script.chunks = [completion("")]
    _, answer = await post(await guarded(upstream), asking(OMITTING_MESSAGE))
    assert "?" in json.loads(answer)["choices"][0]["message"]["content"]


async def test_a_tool_call_passes_and_is_counted_unscreened(
    guarded: Guarded, upstream: str, script: Script
) -> None:
    """A choice that is nothing but a tool call passes untouched, recorded as unscreened."""
    message = {"content": None, "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f"}}]}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    script.chunks = [json.dumps({"choices": [choice]}).encode()]
    url = await guarded(upstream)
    assert (await post(url, asking(HARMFUL_MESSAGE)))[1] == script.chunks[0]
    script.headers = SSE
    script.chunks = [
        chunk({"role": "assistant", "tool_calls": message["tool_calls"]}),
        chunk({}, "tool_calls"),
        b"data: [DONE]\n\n",
    ]
    assert (await post(url, asking(HARMFUL_MESSAGE, stream=True)))[1] == b"".join(script.chunks)
    async with aiohttp.ClientSession() as client, client.get(f"{url}/metrics") as answer:
        assert 'detail="tool_calls",outcome="unscreened"} 2.0' in await answer.text()


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        (b"{", None, "not valid JSON"),
        (b"[1]", None, "must be a JSON object"),
        (b"{}", "messages", "at least one message"),
        (b'{"messages": [1]}', "messages[0]", "must be an object"),
        (b'{"messages": [{"role": "wizard", "content": "x"}]}', "messages[0].role", "one of assistant"),
        (b'{"messages": [{"role": "user", "content": 7}]}', "messages[0].content", "string or a list"),
        (b'{"messages": [{"role": "user", "content": "x"}], "stream": 1}', "stream", "true or false"),
        (b'{"messages": [{"role": "user", "content": "x"}], "n": 0}', "n", "whole number"),
    ],
)
async def test_bad_requests_name_the_field(
    guarded: Guarded, upstream: str, script: Script, body: bytes, field: str | None, words: str
) -> None:
    """A bad request is answered in OpenAI's shape with the field and the mend, and never sent on."""
    status, answer = await post(await guarded(upstream), body)
    error = json.loads(answer)["error"]
    assert (status, error["param"], error["type"]) == (400, field, "invalid_request_error")
    assert words in error["message"]
    assert not script.asked


async def test_a_body_too_large(guarded: Guarded, upstream: str, script: Script) -> None:
    """A request over the limit is refused in OpenAI's shape."""
    status, answer = await post(await guarded(upstream, max_body_bytes=2048), asking("x" * 4000))
    assert (status, json.loads(answer)["error"]["code"]) == (413, "request_too_large")


async def test_the_first_sentence_arrives_before_the_last(
    guarded: Guarded, upstream: str, script: Script
) -> None:
    """A stream streams: a judged sentence is released while the rest is still being written."""
    script.headers, script.delay = SSE, 0.15
    script.chunks = streamed("Peppers are lovely. " * 6, 20)
    url = await guarded(upstream)
    arrivals = []
    async with (
        aiohttp.ClientSession() as client,
        client.post(f"{url}/v1/chat/completions", json=asking(HARMLESS_MESSAGE, stream=True)) as answer,
    ):
        async for data in answer.content.iter_any():
            arrivals.append(data)
    assert len(arrivals) >= 4


async def test_a_client_that_leaves(guarded: Guarded, upstream: str, script: Script) -> None:
    """When the client goes, the upstream call ends, and the reply is counted as failed, not screened."""
    script.headers, script.delay = SSE, 0.2
    script.chunks = [chunk({"content": "All is well. "})] * 100
    url = await guarded(upstream)
    async with aiohttp.ClientSession() as client:
        async with client.post(f"{url}/v1/chat/completions", json=asking("hello", stream=True)) as answer:
            await answer.content.readany()
        for _ in range(50):
            async with client.get(f"{url}/metrics") as got:
                text = await got.text()
            if 'detail="client_gone",outcome="failed"} 1.0' in text:
                return
            await asyncio.sleep(0.1)
    pytest.fail("the reply was not counted")


async def test_the_place_of_the_person(guarded: Guarded, upstream: str, script: Script) -> None:
    """The resources named are those of the header's place, and the header stays here."""
    script.chunks = [completion(HARMFUL_REPLY)]
    url = await guarded(upstream, locale="en-US")
    _, answer = await post(url, asking(HARMFUL_MESSAGE), headers={"X-Handrail-Locale": "en-AU"})
    assert "13 11 14" in json.loads(answer)["choices"][0]["message"]["content"]
    assert "X-Handrail-Locale" not in script.asked[0].headers


async def test_words_never_reach_the_logs(
    guarded: Guarded, upstream: str, script: Script, logged: Callable[[], str]
) -> None:
    """Logs are JSON with ids and decisions; nothing that was said or written is in them."""
    script.chunks = [completion(HARMFUL_REPLY)]
    url = await guarded(upstream)
    await post(url, asking(HARMFUL_MESSAGE))
    await post(url, b'{"messages": [{"role": "quarry"}]}')
    script.chunks = [b"quarry garbage"]
    await post(url, asking(HARMFUL_MESSAGE))
    lines = [json.loads(line) for line in logged().splitlines()]
    assert any(line["event"] == "reply_screened" and line["action"] == "replace" for line in lines)
    assert "quarry" not in json.dumps(lines)


@pytest.mark.parametrize("status", [200, 201, 203, 206])
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/octet-stream", "x/y"])
async def test_what_an_answer_calls_itself_does_not_matter(
    guarded: Guarded, upstream: str, script: Script, status: int, kind: str
) -> None:
    """Whatever its success status and content type, and though a stream was asked for, a reply is judged."""
    script.status, script.headers = status, {"Content-Type": kind}
    script.chunks = [completion(HARMFUL_REPLY)]
    got, answer = await post(await guarded(upstream), asking(HARMFUL_MESSAGE, stream=True))
    assert got == status
    assert DEPTH.encode() not in answer


@pytest.mark.parametrize(
    "path",
    [
        "/v1/chat/completions/",
        "/v1/chat//completions",
        "/v1/chat/./completions",
        "/v1/chat/%2e/completions",
        "/v1/x/../chat/completions",
        "/v1/chat/completions;a=1",
        "/V1/Chat/Completions",
        "/openai/deployments/m/chat/completions?api-version=1",
    ],
)
async def test_other_spellings_of_the_path_are_judged(
    guarded: Guarded, upstream: str, script: Script, path: str
) -> None:
    """No spelling that a lenient server might take for the chat path passes unread."""
    script.chunks = [completion(HARMFUL_REPLY)]
    target = aiohttp.client.URL(await guarded(upstream) + path, encoded=True)
    async with (
        aiohttp.ClientSession() as client,
        client.post(target, json=asking(HARMFUL_MESSAGE)) as answer,
    ):
        assert DEPTH not in await answer.text()
    assert script.asked[0].raw_path == path


async def test_nothing_of_a_replaced_reply_stays(guarded: Guarded, upstream: str, script: Script) -> None:
    """Fields we know nothing of may repeat what was withheld, so none of them stays."""
    message = {"role": "assistant", "content": HARMFUL_REPLY, "x_words": [{"text": HARMFUL_REPLY}]}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "x_raw": HARMFUL_REPLY}
    script.chunks = [json.dumps({"choices": [choice]}).encode()]
    _, answer = await post(await guarded(upstream), asking(HARMFUL_MESSAGE))
    assert DEPTH.encode() not in answer


@pytest.mark.parametrize(
    "content", [{"type": "text", "text": HARMFUL_REPLY}, [{"type": "new", "x": [{"y": HARMFUL_REPLY}]}]]
)
async def test_words_are_read_in_any_shape(
    guarded: Guarded, upstream: str, script: Script, content: object
) -> None:
    """Content that is an object, or nested parts, is read like a string."""
    choice = {"index": 0, "message": {"content": content}, "finish_reason": "stop"}
    script.chunks = [json.dumps({"choices": [choice]}).encode()]
    _, answer = await post(await guarded(upstream), asking(HARMFUL_MESSAGE))
    assert DEPTH.encode() not in answer


async def test_a_stream_of_whole_messages_is_judged(guarded: Guarded, upstream: str, script: Script) -> None:
    """A server that streams `message` instead of `delta` is read all the same."""
    script.headers = SSE
    choice = {"index": 0, "message": {"content": HARMFUL_REPLY}, "finish_reason": "stop"}
    script.chunks = [f"data: {json.dumps({'choices': [choice]})}\n\n".encode(), b"data: [DONE]\n\n"]
    _, answer = await post(await guarded(upstream), asking(HARMFUL_MESSAGE, stream=True))
    assert DEPTH.encode() not in answer


@pytest.mark.parametrize("finish", ["", "stop"])
async def test_text_after_a_finish_is_never_passed_unread(
    guarded: Guarded, upstream: str, script: Script, finish: str
) -> None:
    """Servers that set a finish reason on every chunk, or write on after one, don't get past the gate."""
    script.headers, script.delay = SSE, 0.05
    head, tail = HARMFUL_REPLY[:60], HARMFUL_REPLY[60:]
    events = [chunk({"content": head}, finish), chunk({"content": tail}, finish), chunk({}, "stop")]
    script.chunks = [*events, b"data: [DONE]\n\n"]
    _, answer = await post(await guarded(upstream), asking(HARMFUL_MESSAGE, stream=True))
    assert DEPTH.encode() not in answer


async def test_unknown_kinds_of_content_are_not_quoted(
    guarded: Guarded, upstream: str, script: Script, logged: Callable[[], str]
) -> None:
    """What a client calls a content part may be anything, and is not logged."""
    script.chunks = [completion(HARMLESS_REPLY)]
    parts = [{"type": "i feel terrible"}, {"type": "image_url"}, {"type": "text", "text": "hello"}]
    body = {"messages": [{"role": "user", "content": parts}]}
    assert (await post(await guarded(upstream), body))[0] == 200
    said = logged()
    assert "terrible" not in said
    assert '["other", "image_url"]' in said


@pytest.mark.parametrize("stream", [False, True])
async def test_every_reply_is_counted_once(
    guarded: Guarded, upstream: str, script: Script, stream: bool
) -> None:
    """When the upstream breaks off before a word, each choice asked for is counted, once, as failed."""
    script.headers, script.cut = SSE, True
    url = await guarded(upstream)
    await post(url, asking("hello", stream=stream, n=3))
    async with aiohttp.ClientSession() as client, client.get(f"{url}/metrics") as got:
        lines = [x for x in (await got.text()).splitlines() if x.startswith("handrail_replies_total{")]
    assert [(line.split('outcome="')[1].split('"')[0], line.split()[-1]) for line in lines] == [
        ("failed", "3.0")
    ]


@pytest.mark.parametrize("who", ["upstream", "client"])
async def test_what_was_found_before_a_break_is_kept(
    who: str,
    serve: Serve,
    settings_for: Callable[..., Settings],
    assessor: Assessor,
    decider: Decider,
    upstream: str,
    script: Script,
    tmp_path: Path,
) -> None:
    """A part that was flagged, though not replaced, is on record also when its reply breaks off on a side."""
    rules = tuple(
        r.model_copy(update={"then": Action.DELIVER, "text": None}) if r.then == Action.REPLACE else r
        for r in decider.policy.rules
    )
    policy = decider.policy.model_copy(update={"rules": rules, "hold": Holding()})
    noting = dataclasses.replace(decider, policy=policy)
    url = await serve(build_app(settings_for(upstream), Judgement(assessor, noting)))
    script.headers, script.cut, script.delay = SSE, who == "upstream", 0.3
    script.chunks = [*streamed(HARMFUL_REPLY, 1000)[:-2], chunk({"content": "And so"})]
    if who == "client":
        script.chunks = [*script.chunks, *[chunk({"content": " on"})] * 200]
        async with (
            aiohttp.ClientSession() as client,
            client.post(f"{url}/v1/chat/completions", json=asking(HARMFUL_MESSAGE, stream=True)),
        ):
            for _ in range(200):
                async with client.get(f"{url}/metrics") as got:
                    if "handrail_assessment_seconds_count 0.0" not in await got.text():
                        break
                await asyncio.sleep(0.05)
    else:
        await post(url, asking(HARMFUL_MESSAGE, stream=True))
    for _ in range(200):
        if found := await _records(tmp_path):
            break
        await asyncio.sleep(0.05)
    (record,) = found
    assert record.decision is not None
    assert DEPTH not in record.delivered


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_chat_is_not_led_past_the_guard(
    guarded: Guarded, upstream: str, script: Script, status: int
) -> None:
    """A redirect of a chat, which most clients would follow, is an error of the upstream's."""
    script.status, script.headers = status, {"Location": "http://elsewhere.test/"}
    got, answer = await post(await guarded(upstream), asking("hello"), allow_redirects=False)
    assert (got, json.loads(answer)["error"]["code"]) == (502, "upstream_redirect")


@pytest.mark.parametrize("charset", ["utf-7", "utf-16", "cp037", "iso-2022-jp"])
@pytest.mark.parametrize("stream", [False, True])
async def test_no_character_set_hides_words(
    guarded: Guarded, upstream: str, script: Script, charset: str, stream: bool
) -> None:
    """An answer in a character set that reads otherwise than UTF-8 does not pass; the usual ones do."""
    kind = "text/event-stream" if stream else "application/json"
    script.headers = {"Content-Type": f"{kind}; charset={charset}"}
    script.chunks = streamed(HARMLESS_REPLY) if stream else [completion(HARMLESS_REPLY)]
    url = await guarded(upstream)
    assert (await post(url, asking(HARMLESS_MESSAGE)))[0] == 502
    script.headers = {"Content-Type": f"{kind}; charset=UTF-8"}
    assert (await post(url, asking(HARMLESS_MESSAGE)))[0] == 200
