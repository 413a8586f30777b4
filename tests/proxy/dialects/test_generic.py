import json
from typing import Any

import aiohttp
import pytest
from pydantic import ValidationError

from handrail.classifiers.errors import UpstreamError
from handrail.proxy.dialects.generic import GenericMapping, TextDecoder, generic_dialect, with_value
from handrail.proxy.dialects.scribe import Told
from handrail.proxy.settings import load_settings
from handrail.proxy.sse import EventDecoder

from ..conftest import (
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
    post,
)

MAPPING: dict[str, Any] = {
    "path": "/talk",
    "text": "/message",
    "history": "/earlier",
    "role": "/from",
    "content": "/words",
    "client_roles": ["visitor"],
    "reply": "/data/0/answer",
    "delta": "/token",
    "finish": "/end",
}
CASES = [
    (HARMLESS_MESSAGE, HARMLESS_REPLY),
    (HARMFUL_MESSAGE, HARMFUL_REPLY),
    (OMITTING_MESSAGE, OMITTING_REPLY),
]


def check(said: str, reply: str, text: str) -> None:
    """A harmless reply arrives, a harmful one is replaced, one that omits something is added to."""
    if said == HARMFUL_MESSAGE:
        assert DEPTH not in text
        assert "988" in text
    else:
        assert text.startswith(reply)
        assert (text == reply) == (said == HARMLESS_MESSAGE)


@pytest.mark.parametrize(("said", "reply"), CASES)
async def test_whole_answers(guarded: Guarded, upstream: str, script: Script, said: str, reply: str) -> None:
    """A backend of nobody's standard is judged where its mapping points; the rest of it stays."""
    script.chunks = [json.dumps({"data": [{"answer": reply, "mood": "blue"}], "ok": True}).encode()]
    url = await guarded(upstream, generic=[MAPPING], locale="en-US")
    status, body = await post(url, {"message": said}, path="/api/talk")
    found = json.loads(body)
    assert (status, found["ok"], found["data"][0]["mood"]) == (200, True, "blue")
    check(said, reply, found["data"][0]["answer"])


@pytest.mark.parametrize("stream", ["sse", "ndjson"])
@pytest.mark.parametrize(("said", "reply"), CASES)
async def test_streams(
    guarded: Guarded, upstream: str, script: Script, said: str, reply: str, stream: str
) -> None:
    """Events or lines are judged as they come, and the stream ends as the backend ends it."""
    before, after = ("data: ", "\n\n") if stream == "sse" else ("", "\n")
    script.headers = SSE if stream == "sse" else {"Content-Type": "application/x-ndjson"}
    payloads = [{"token": reply[at : at + 5], "n": at} for at in range(0, len(reply), 5)]
    script.chunks = [f"{before}{json.dumps(p)}{after}".encode() for p in [*payloads, {"end": True}]]
    url = await guarded(upstream, generic=[{**MAPPING, "stream": stream}], locale="en-US")
    _, body = await post(url, {"message": said}, path="/talk")
    found = [json.loads(line.removeprefix("data: ")) for line in body.decode().splitlines() if line]
    check(said, reply, "".join(p.get("token", "") for p in found))
    assert [bool(p.get("end")) for p in found] == [False] * (len(found) - 1) + [True]
    if said == HARMLESS_MESSAGE:
        assert body == b"".join(script.chunks)


@pytest.mark.parametrize(("said", "reply"), CASES)
async def test_plain_text(guarded: Guarded, upstream: str, script: Script, said: str, reply: str) -> None:
    """A stream of nothing but words is judged too, whatever its pieces cut through."""
    data = reply.encode()
    script.headers = {"Content-Type": "text/plain; charset=utf-8"}
    script.chunks = [data[at : at + 3] for at in range(0, len(data), 3)]
    url = await guarded(upstream, generic=[{**MAPPING, "stream": "text"}], locale="en-US")
    _, body = await post(url, {"message": said}, path="/talk")
    check(said, reply, body.decode())


async def test_plain_text_that_breaks_off_does_not_pass_for_whole(
    guarded: Guarded, upstream: str, script: Script
) -> None:
    """Plain text has no word for an error: the connection breaks, so that the client sees it is not whole."""
    script.headers = {"Content-Type": "text/plain"}
    script.chunks, script.cut, script.delay = [HARMLESS_REPLY[:60].encode()], True, 0.3
    url = await guarded(upstream, generic=[{**MAPPING, "stream": "text"}])
    with pytest.raises(aiohttp.ClientError):
        await post(url, {"message": HARMLESS_MESSAGE}, path="/talk")


async def test_earlier_messages_are_read(guarded: Guarded, upstream: str, script: Script) -> None:
    """The history informs how the reply to the latest message is read."""
    start, _, question = HARMFUL_MESSAGE.rpartition(". ")
    script.chunks = [json.dumps({"data": [{"answer": HARMFUL_REPLY}]}).encode()]
    url = await guarded(upstream, generic=[MAPPING])
    earlier = [{"from": "visitor", "words": start}, {"from": "bot", "words": "I'm so sorry."}]
    _, body = await post(url, {"message": question, "earlier": earlier}, path="/talk")
    assert DEPTH not in body.decode()


@pytest.mark.parametrize(
    ("body", "place"),
    [({}, "/message"), ({"message": 3}, "/message"), ({"message": "x", "earlier": [3]}, "/earlier/0")],
)
async def test_bad_requests_name_the_place(
    guarded: Guarded, upstream: str, script: Script, body: dict[str, object], place: str
) -> None:
    """The error says where the mapping looked and found nothing fit; nothing goes upstream."""
    status, answer = await post(await guarded(upstream, generic=[MAPPING]), body, path="/talk")
    assert status == 400
    assert place in json.loads(answer)["error"]
    assert script.bodies == []


async def test_an_answer_of_another_shape_is_not_passed(
    guarded: Guarded, upstream: str, script: Script
) -> None:
    """Where the reply isn't where the mapping says, the answer is refused, not relayed unread."""
    script.chunks = [json.dumps({"text": HARMFUL_REPLY}).encode()]
    status, answer = await post(
        await guarded(upstream, generic=[MAPPING]), {"message": HARMFUL_MESSAGE}, path="/talk"
    )
    assert status == 502
    assert DEPTH not in answer.decode()


@pytest.mark.parametrize(
    "wrong", [{"reply": "data"}, {"path": "talk"}, {"stream": "xml"}, {"text": None, "history": None}]
)
def test_a_mapping_is_checked(wrong: dict[str, object]) -> None:
    """A pointer that is none, a path without its slash, an unknown format: the start stops."""
    with pytest.raises(ValidationError):
        GenericMapping.model_validate({**MAPPING, **wrong})


async def test_mappings_can_stand_in_the_environment(upstream: str) -> None:
    """In the environment the mappings are JSON."""
    settings = load_settings(None, {"HANDRAIL_GENERIC": json.dumps([MAPPING])}, upstream_url=upstream)
    assert settings.generic[0].path == "/talk"


def test_a_character_is_never_cut() -> None:
    """Bytes that end within a character wait for the rest of it."""
    decoder = TextDecoder()
    data = "é🙂!".encode()
    found = [f for at in range(len(data)) for f in decoder.feed(data[at : at + 1])]
    assert [f.data for f in found] == ["é", "🙂", "!"]
    assert decoder.flush() == []


def test_values_are_set_on_copies() -> None:
    """Setting a value makes the way to it and leaves the original alone."""
    original: dict[str, Any] = {"a": [{"b": 1}]}
    assert with_value(original, "/a/0/b", 2) == {"a": [{"b": 2}]}
    assert with_value({}, "/x/y", "z") == {"x": {"y": "z"}}
    assert original == {"a": [{"b": 1}]}


def test_events_without_data_hold_no_words() -> None:
    """An event that has no data and is none of the silent ones is refused, not passed."""
    dialect = generic_dialect(GenericMapping.model_validate({**MAPPING, "stream": "sse"}))
    silent, speaking = EventDecoder().feed(b": ping\n\ntext: the words\n\n")
    assert dialect.scribe("ex").read(silent) == Told()
    with pytest.raises(UpstreamError):
        dialect.scribe("ex").read(speaking)
