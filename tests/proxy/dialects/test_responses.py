import json

import pytest

from ..conftest import (
    DEPTH,
    HARMFUL_MESSAGE,
    HARMFUL_REPLY,
    HARMLESS_MESSAGE,
    HARMLESS_REPLY,
    OMITTING_MESSAGE,
    OMITTING_REPLY,
    Guarded,
    Script,
    client_of,
    post,
)
from .test_responses_stream import item, response


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        (HARMLESS_MESSAGE, HARMLESS_REPLY),
        (HARMFUL_MESSAGE, HARMFUL_REPLY),
        (OMITTING_MESSAGE, OMITTING_REPLY),
    ],
)
async def test_whole_responses_are_judged(
    guarded: Guarded, upstream: str, script: Script, said: str, reply: str
) -> None:
    """Harmless ones pass, harmful ones are replaced, and what is missing is added."""
    script.chunks = [json.dumps(response(item(reply))).encode()]
    async with client_of(await guarded(upstream, locale="en-US")) as client:
        found = await client.responses.create(model="m", input=[{"role": "user", "content": said}])
    if said == HARMFUL_MESSAGE:
        assert DEPTH not in found.model_dump_json()
        assert "988" in found.output_text
    else:
        assert found.output_text.startswith(reply)
        assert (found.output_text == reply) == (said == HARMLESS_MESSAGE)


async def test_an_earlier_answer_is_gone_on_from(guarded: Guarded, upstream: str, script: Script) -> None:
    """What was said before an answer that is only named informs how the next reply is read."""
    start, _, question = HARMFUL_MESSAGE.rpartition(". ")
    async with client_of(await guarded(upstream)) as client:
        script.chunks = [json.dumps(response(item("I'm so sorry. Are you safe tonight?"))).encode()]
        first = await client.responses.create(model="m", input=start)
        script.chunks = [json.dumps(response(item(HARMFUL_REPLY), name="resp_2")).encode()]
        found = await client.responses.create(model="m", input=question, previous_response_id=first.id)
    assert DEPTH not in found.output_text


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"input": 3}, "input"),
        ({"input": [3]}, "input[0]"),
        ({"input": [{"role": "robot", "content": "x"}]}, "input[0].role"),
        ({"input": "x", "stream": "yes"}, "stream"),
        ({"input": "x", "previous_response_id": 3}, "previous_response_id"),
    ],
)
async def test_bad_requests_name_the_field(
    guarded: Guarded, upstream: str, script: Script, body: dict[str, object], field: str
) -> None:
    """The error is in the vendor's shape and names the field; nothing goes upstream."""
    status, answer = await post(await guarded(upstream), body, path="/v1/responses")
    assert (status, json.loads(answer)["error"]["param"]) == (400, field)
    assert script.bodies == []
