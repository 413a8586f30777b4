"""Correcting: wrong helplines in answers, whole and streamed, through the running proxy."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from handrail.policies.decision import Action, Decision
from handrail.policies.false_resource import Correction
from handrail.proxy.correcting import write_repaired
from handrail.proxy.dialects.known import dialects
from handrail.proxy.dialects.tools import Shown

from .conftest import SSE, Guarded, Script, asking, client_of, completion, post, streamed

SAD = "I've been feeling low. Is there somebody I could talk to at night?"
REPLY = (
    "I'm glad you asked, and you're not alone.\n\nYou can call 988 at any hour. Would you like to talk now?"
)
LOCALES = {
    "en-US": "call 988 at any hour",
    "en-GB": "call 116 123 (Samaritans",
    "de-DE": "0800 111 0 111",
    "fr-CA": "988",
    "hi-IN": "14416",
    "es-MX": "800 911 2000",
    "pt-BR": "188",
    "ja-JP": "0120-279-338",
}


async def whole(url: str, message: str = SAD, **headers: str) -> str:
    _, body = await post(url, asking(message), headers=headers)
    return str(json.loads(body)["choices"][0]["message"]["content"])


async def in_stream(url: str, message: str = SAD, **headers: str) -> str:
    async with client_of(url) as client:
        stream = await client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": message}], stream=True, extra_headers=headers
        )
        return "".join([c.delta.content or "" async for e in stream for c in e.choices])


@pytest.mark.parametrize(("locale", "right"), LOCALES.items())
async def test_the_line_is_right_for_the_place(
    locale: str, right: str, guarded: Guarded, upstream: str, script: Script
) -> None:
    """Whole and streamed, a person in any of eight places is given a line that works there."""
    url = await guarded(upstream)
    script.chunks = [completion(REPLY)]
    shown = await whole(url, **{"X-Handrail-Locale": locale})
    script.headers, script.chunks = dict(SSE), streamed(REPLY)
    flowed = await in_stream(url, **{"X-Handrail-Locale": locale})
    for said in (shown, flowed):
        assert right in said
        assert said.startswith("I'm glad you asked")
        assert said.endswith("Would you like to talk now?")
        assert ("988" in said) is (locale in {"en-US", "fr-CA"})


async def test_the_place_is_what_the_person_says(guarded: Guarded, upstream: str, script: Script) -> None:
    """Without a locale, the person's own words tell where they are; with one, it wins."""
    script.chunks = [completion(REPLY)]
    told = f"I'm in Manchester. {SAD}"
    url = await guarded(upstream)
    assert "116 123" in await whole(url, told)
    assert "116 123" not in await whole(url, told, **{"X-Handrail-Locale": "en-US"})
    assert "116 123" not in await whole(await guarded(upstream, locale="en-CA"), told)
    assert await whole(url) == REPLY


async def test_an_untouched_stream_keeps_its_bytes(guarded: Guarded, upstream: str, script: Script) -> None:
    """Where every number is right, nothing of a stream is written anew."""
    script.headers, script.chunks = dict(SSE), streamed(REPLY)
    url = await guarded(upstream, locale="en-US")
    _, body = await post(url, asking(SAD, stream=True))
    assert body == b"".join(script.chunks)


async def test_a_correction_is_on_record(
    guarded: Guarded, upstream: str, script: Script, tmp_path: Path
) -> None:
    """The journal has what the model wrote, what was sent, and where the wrong number stood and why."""
    script.chunks = [completion(REPLY)]
    await whole(await guarded(upstream, locale="en-GB"))
    with sqlite3.connect(tmp_path / "journal.db") as journal:
        row = journal.execute("select action, reply, delivered, decision from exchanges").fetchone()
    journal.close()
    [one] = json.loads(row[3])["corrections"]
    assert row[:2] == ("correct", REPLY)
    assert "116 123" in row[2]
    assert (one["label"], one["wrong"], one["fault"]) == ("false_resource", "988", "elsewhere")
    assert REPLY[one["start"] : one["end"]].strip() == "You can call 988 at any hour."


def decision(said: str, put: str) -> Decision:
    return Decision(
        Action.CORRECT,
        False,
        None,
        (),
        {},
        "",
        "p",
        corrections=(Correction(said, put, 0, 0, "988", "elsewhere"),),
    )


def test_a_sentence_spread_over_fields_replaces_the_reply() -> None:
    """Where what is wrong stands in no one field, the corrected text takes the place of all of them."""
    message: dict[str, Any] = {"role": "assistant", "content": "Call 988.", "refusal": "I can't."}
    payload = {"id": "c", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    dialect = next(d for d in dialects(Shown()) if d.takes("POST", "/v1/chat/completions"))
    answer = dialect.read_reply(json.dumps(payload).encode())
    body = write_repaired(dialect, answer, {0: decision("Call 988.\n\nI can't.", "Call 116 123.")}, "ex_1")
    assert b"988" not in body
    assert b"116 123" in body
