import json
from typing import Any

import pytest

from handrail.classifiers.errors import RequestError, UpstreamError
from handrail.classifiers.exchange import Message
from handrail.policies.decision import Action, Decision
from handrail.proxy.dialects import openai_chat
from handrail.proxy.dialects.dialect import WholeAnswer
from handrail.proxy.dialects.openai_chat import read_request, write_reply
from handrail.proxy.dialects.tools import NOTHING, Shown


def _decision(action: Action, text: str = "Please wait.") -> Decision:
    return Decision(action, False, None, (), {}, text, "abc")


def _body(*messages: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"messages": list(messages), **more}).encode()


def test_a_conversation_is_read() -> None:
    """User and assistant turns make the conversation; other roles do not; parts are joined."""
    parts = [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": "x"}},
        {"type": "text", "text": "here"},
    ]
    asked = read_request(
        _body(
            {"role": "system", "content": "s"},
            {"role": "developer", "content": "d"},
            {"role": "user", "content": parts},
            {"role": "assistant", "content": None, "tool_calls": []},
            {"role": "tool", "content": "t", "tool_call_id": "1"},
            stream=True,
        )
    )
    assert asked.conversation.messages == (Message("user", "look\nhere"), Message("assistant", ""))
    assert (asked.stream, asked.unread) == (True, ("image_url",))


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (7, "messages[0].content"),
        (["x"], "messages[0].content"),
        ([{"type": "text", "text": 1}], "messages[0].content[0].text"),
    ],
)
def test_wrong_content_is_named(content: object, field: str) -> None:
    """Content of the wrong kind is refused by the path of the field."""
    with pytest.raises(RequestError) as raised:
        read_request(_body({"role": "user", "content": content}))
    assert raised.value.field == field


def test_deep_nesting_is_refused() -> None:
    """A body nested beyond reason is a bad request, not a crash."""
    with pytest.raises(RequestError):
        read_request(b"[" * 100_000)
    with pytest.raises(UpstreamError):
        read_reply(b"[" * 100_000)


def read_reply(body: bytes, shown: Shown = NOTHING) -> WholeAnswer:
    """Read an answer."""
    return openai_chat.read_reply(body, shown)


def _reply() -> dict[str, Any]:
    message = {"role": "assistant", "content": "Bad.", "refusal": None, "reasoning": "Hm."}
    return {
        "id": "1",
        "choices": [
            {"index": 0, "message": message, "finish_reason": "length", "logprobs": {"content": ["Bad"]}},
            {"index": 1, "message": {"content": "Fine."}, "finish_reason": "length"},
        ],
        "usage": {"total_tokens": 3},
        "x": {"y": 1},
    }


def test_a_replacement_leaves_nothing_of_the_reply() -> None:
    """Replaced text is gone from every field, log-probabilities and unknown ones too; other choices stay."""
    reply = read_reply(json.dumps(_reply()).encode())
    written = json.loads(write_reply(reply, {0: _decision(Action.REPLACE)}, "ex_1"))
    first, second = written["choices"]
    assert first["message"]["content"] == "Please wait."
    assert first["finish_reason"] == "stop"
    assert "Bad" not in json.dumps(first)
    assert "Hm" not in json.dumps(first)
    assert second == _reply()["choices"][1]
    assert (written["usage"], written["id"]) == ({"total_tokens": 3}, "1")
    assert "x" not in written
    assert written["handrail"] == {"exchange": "ex_1"}


def test_an_addition_keeps_the_reply() -> None:
    """An addition stands after the reply; the finish reason stays true."""
    reply = read_reply(json.dumps(_reply()).encode())
    first = json.loads(write_reply(reply, {0: _decision(Action.APPEND)}, "ex_1"))["choices"][0]
    assert first["message"]["content"] == "Bad.\n\nPlease wait."
    assert first["message"]["reasoning"] == "Hm."
    assert (first["finish_reason"], first["logprobs"]) == ("length", None)


def test_all_text_of_a_choice_is_read() -> None:
    """Content, refusal and reasoning are all part of what is judged."""
    assert read_reply(json.dumps(_reply()).encode()).voices[0].text == "Hm.\n\nBad."
