import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from handrail.proxy.journal.sqlite import SqliteJournal

from .conftest import (
    DEPTH,
    HARMFUL_MESSAGE,
    HARMFUL_REPLY,
    HARMLESS_MESSAGE,
    HARMLESS_REPLY,
    Guarded,
    Script,
    post,
)

SCREEN = "/v1/screen"
LITELLM = "/beta/litellm_basic_guardrail_api"


def _asked(message: str, reply: str, **more: Any) -> dict[str, Any]:
    return {"id": "x", "messages": [{"role": "user", "content": message}], "reply": reply, **more}


async def test_a_verdict_alone(guarded: Guarded, upstream: str, script: Script, tmp_path: Path) -> None:
    """A verdict says all that `handrail screen` says; what is flagged is journalled, nothing relayed."""
    url = await guarded(upstream)
    status, body = await post(url, _asked(HARMFUL_MESSAGE, HARMFUL_REPLY, locale="en-AU"), path=SCREEN)
    found = json.loads(body)
    assert (status, found["id"], found["flagged"], found["decision"]) == (200, "x", True, "replace")
    assert "13 11 14" in found["delivered"]
    assert {"harms", "risk", "behaviours", "rules", "model", "policy"} <= set(found)
    journal = SqliteJournal(tmp_path / "journal.db")
    await journal.open()
    (record,) = await journal.latest(10)
    await journal.close()
    assert (record.id, record.dialect) == (f"{found['exchange']}.0", "screen")
    assert script.bodies == []


async def test_a_harmless_exchange_is_read_in_full(guarded: Guarded, upstream: str) -> None:
    """Who asks for a verdict gets every probability, also where nothing could matter."""
    _, body = await post(await guarded(upstream), _asked(HARMLESS_MESSAGE, HARMLESS_REPLY), path=SCREEN)
    found = json.loads(body)
    assert (found["flagged"], found["delivered"]) == (False, HARMLESS_REPLY)
    assert any(found["behaviours"].values())


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"reply": "x"}, "messages"),
        ({"messages": [], "reply": "x"}, "messages"),
        ({"messages": [{"role": "user"}]}, "reply"),
        ({"messages": [{"content": "x"}], "reply": "x"}, "messages.0.role"),
    ],
)
async def test_bad_requests_name_the_field(
    guarded: Guarded, upstream: str, body: dict[str, object], field: str
) -> None:
    """The field is named, and nothing that was sent is repeated."""
    status, answer = await post(await guarded(upstream), body, path=SCREEN)
    assert (status, json.loads(answer)["error"]["param"]) == (400, field)


async def test_litellm_gets_texts_to_show(guarded: Guarded, upstream: str) -> None:
    """Texts of a response come back as they should be shown; those of a request are left alone."""
    url = await guarded(upstream)
    messages = [{"role": "user", "content": HARMFUL_MESSAGE}]
    body = {"input_type": "response", "texts": [HARMFUL_REPLY], "structured_messages": messages}
    _, answer = await post(url, body, path=LITELLM)
    found = json.loads(answer)
    assert found["action"] == "GUARDRAIL_INTERVENED"
    assert DEPTH not in found["texts"][0]
    raw = {"input_type": "response", "texts": [HARMFUL_REPLY], "request_data": {"messages": messages}}
    assert json.loads((await post(url, raw, path=LITELLM))[1])["action"] == "GUARDRAIL_INTERVENED"
    asked = {"input_type": "request", "texts": [HARMFUL_MESSAGE]}
    assert json.loads((await post(url, asked, path=LITELLM))[1]) == {"action": "NONE"}
    harmless = [{"role": "user", "content": HARMLESS_MESSAGE}]
    body = {"input_type": "response", "texts": [HARMLESS_REPLY], "structured_messages": harmless}
    assert json.loads((await post(url, body, path=LITELLM))[1]) == {"action": "NONE"}


async def test_the_description_is_served(guarded: Guarded, upstream: str) -> None:
    """/openapi.json names both paths, and every reference in it leads somewhere."""
    url = await guarded(upstream)
    async with aiohttp.ClientSession() as client, client.get(f"{url}/openapi.json") as answer:
        found = await answer.json()
    assert {SCREEN, LITELLM} <= set(found["paths"])
    names = {part.split('"')[0] for part in json.dumps(found).split("#/components/schemas/")[1:]}
    assert names
    assert names <= set(found["components"]["schemas"])
