import json
from typing import Any

import pytest

from handrail.proxy.dialects.generic import GenericMapping, generic_dialect
from handrail.proxy.dialects.known import dialects
from handrail.proxy.dialects.tools import NOTHING

G = "Answer kindly."
USER = {"role": "user", "content": "hi"}
BY_NAME = {dialect.name: dialect for dialect in dialects(NOTHING)}


def _ask(name: str, payload: dict[str, Any]) -> dict[str, Any]:
    redraft = BY_NAME[name].redraft
    assert redraft is not None
    body = json.dumps(payload).encode()
    asked: dict[str, Any] = json.loads(redraft.ask(body, G))
    assert json.loads(body) == payload
    return asked


@pytest.mark.parametrize("name", ["openai_chat", "ollama_chat"])
@pytest.mark.parametrize(
    ("first", "then"),
    [
        ([], {"role": "system", "content": G}),
        ([{"role": "system", "content": "Be brief."}], {"role": "system", "content": f"Be brief.\n\n{G}"}),
        ([{"role": "developer", "content": ""}], {"role": "developer", "content": G}),
        (
            [{"role": "system", "content": [{"type": "text", "text": "Be brief."}]}],
            {
                "role": "system",
                "content": [{"type": "text", "text": "Be brief."}, {"type": "text", "text": G}],
            },
        ),
    ],
)
def test_guidance_stands_in_front(name: str, first: list[Any], then: Any) -> None:
    """Chats get the guidance at the end of their first system message, or in one of its own in front."""
    asked = _ask(name, {"model": "m", "messages": [*first, USER], "temperature": 0, "x": {"y": 1}})
    assert asked["messages"] == [then, USER]
    assert (asked["model"], asked["temperature"], asked["x"]) == ("m", 0, {"y": 1})


@pytest.mark.parametrize(
    ("name", "field"),
    [("anthropic", "system"), ("openai_responses", "instructions"), ("ollama_generate", "system")],
)
def test_guidance_has_a_field(name: str, field: str) -> None:
    """Formats with a field for what the operator says get the guidance at its end."""
    payload = {"model": "m", "messages": [USER], "input": "hi", "prompt": "hi"}
    assert _ask(name, payload)[field] == G
    assert _ask(name, {**payload, field: "Be brief."})[field] == f"Be brief.\n\n{G}"


@pytest.mark.parametrize("name", [name for name, dialect in BY_NAME.items() if dialect.redraft])
def test_it_is_asked_in_one_piece(name: str) -> None:
    """The second request is for one reply, not streamed, and has no options of a stream."""
    payload = {"messages": [USER], "prompt": "hi", "input": "hi", "stream": True, "n": 3}
    asked = _ask(name, {**payload, "stream_options": {"include_usage": True}})
    assert asked["stream"] is False
    assert "stream_options" not in asked
    assert name != "openai_chat" or asked["n"] == 1


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("openai_chat", {"choices": [{"message": {"reasoning_content": "hm", "content": "Hello."}}]}),
        (
            "anthropic",
            {"content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Hello."}]},
        ),
        (
            "openai_responses",
            {
                "output": [
                    {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]},
                    {"type": "message", "content": [{"type": "output_text", "text": "Hello."}]},
                ]
            },
        ),
        ("ollama_chat", {"message": {"thinking": "hm", "content": "Hello."}}),
        ("ollama_generate", {"thinking": "hm", "response": "Hello."}),
    ],
)
def test_thoughts_are_not_shown(name: str, answer: Any) -> None:
    """Of a new answer only what is meant for the person takes the reply's place."""
    redraft = BY_NAME[name].redraft
    assert redraft is not None
    assert redraft.shown(json.dumps(answer).encode()) == "Hello."


def test_a_response_does_not_tell_the_guidance() -> None:
    """A response repeats its instructions: the client gets back its own."""
    redraft = BY_NAME["openai_responses"].redraft
    assert redraft is not None
    answer = json.dumps({"id": "r", "instructions": f"Be brief.\n\n{G}", "output": []}).encode()
    for instructions in ("Be brief.", None):
        request = json.dumps({"input": "hi", "instructions": instructions}).encode()
        assert json.loads(redraft.restore(answer, request))["instructions"] == instructions


def test_a_home_made_backend_says_where_guidance_goes() -> None:
    """With a pointer the guidance is written there; without one nothing is asked again."""
    mapping = GenericMapping(path="/talk", text="/say", guidance="/bot/rules")
    redraft = generic_dialect(mapping).redraft
    assert redraft is not None
    assert json.loads(redraft.ask(b'{"say":"hi"}', G)) == {"say": "hi", "bot": {"rules": G}}
    asked = json.loads(redraft.ask(b'{"say":"hi","bot":{"rules":"Be brief."}}', G))
    assert asked["bot"]["rules"] == f"Be brief.\n\n{G}"
    assert generic_dialect(GenericMapping(path="/talk", text="/say")).redraft is None
