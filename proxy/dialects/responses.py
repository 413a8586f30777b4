"""OpenAI Responses: requests, whole answers and errors. An answer has one voice, made of output items."""

import json
from collections.abc import Iterator, Mapping, Sequence

from handrail.classifiers.errors import RequestError
from handrail.classifiers.exchange import Conversation, Message
from handrail.policies.decision import Action, Decision
from handrail.proxy.dialects.dialect import Asked, Said, WholeAnswer
from handrail.proxy.dialects.payload import (
    READ_ERRORS,
    Json,
    author,
    dump,
    flag,
    invalid_answer,
    json_object,
    odd_words,
    only,
    token_words,
    words,
)
from handrail.proxy.dialects.tools import Calls, Shown
from handrail.proxy.strict_json import loads

VOICE = 0

# What stays of a response whose reply was replaced.
TRUE_OF_ANY_REPLY = frozenset(
    "id object created_at completed_at status model output usage error incomplete_details "  # noqa: SIM905
    "instructions metadata temperature top_p top_logprobs tools tool_choice parallel_tool_calls "
    "max_output_tokens max_tool_calls previous_response_id reasoning service_tier store text "
    "truncation user background".split()
)
_SILENT_ROLES = frozenset({"system", "developer"})
# Parts of messages, and of reasoning, whose words a person could read.
_TEXT_PARTS: Mapping[str, str] = {
    "output_text": "text",
    "refusal": "refusal",
    "reasoning_text": "text",
    "summary_text": "text",
}
_READ_ITEMS = frozenset({"message", "reasoning"})
# How the types of items end in which tools are called or answer, and the fields a model writes them in.
_TOOL_ITEMS = ("_call", "_call_output", "_tools", "_request", "_response")
_WRITTEN = ("arguments", "input", "code")
# Fields that hold no words of the reply, or are read by themselves.
_OF_A_PART = frozenset({"type", "logprobs", *_TEXT_PARTS.values()})
_OF_AN_ITEM = frozenset({"id", "type", "status", "role", "content", "summary", "encrypted_content"})
_OF_A_CALL = frozenset({"id", "type", "status", "call_id", "name", "result", *_WRITTEN})


def read_request(body: bytes) -> Asked:
    """Read a request body. Raises RequestError naming the field and the mend."""
    payload = json_object(body)
    unread: list[str] = []
    messages = _input(payload.get("input"), unread)
    earlier = payload.get("previous_response_id")
    if earlier is not None and not isinstance(earlier, str):
        raise RequestError("'previous_response_id' must be a string.", "previous_response_id")
    if flag(payload, "background", default=False):
        raise RequestError("'background' must be false: what is fetched later can't be judged.", "background")
    if payload.get("conversation") is not None:
        unread.append("conversation")
    stream = flag(payload, "stream", default=False)
    return Asked(Conversation(tuple(messages)), stream, 1, tuple(dict.fromkeys(unread)), continues=earlier)


def read_reply(body: bytes, shown: Shown) -> WholeAnswer:
    """Read a whole answer. Raises UpstreamError when it is no response."""
    try:
        payload = loads(body)
        calls = [_call(at, item, Calls(shown)) for at, item in enumerate(payload["output"])]
        texts = [*(text for _, text in texts_of(payload["output"])), *(text for text, _ in calls)]
        texts.append(odd_of(payload, texts))
        unread = next((reason for _, reason in calls if reason), None)
        said = Said(VOICE, "\n\n".join(filter(None, texts)), unread)
        return WholeAnswer(body, (said,), payload.get("id"))
    except READ_ERRORS as error:
        raise invalid_answer("a response") from error


def write_reply(answer: WholeAnswer, decisions: Mapping[int, Decision], exchange: str) -> bytes:
    """The answer with its reply added to or replaced."""
    payload = json.loads(answer.body)
    decision = decisions[VOICE]
    if decision.action == Action.APPEND:
        _append(payload["output"], decision)
    elif decision.replaces:
        # Nothing else stays: any item, any field that we don't know, might repeat the words withheld.
        payload = only(payload, TRUE_OF_ANY_REPLY)
        payload["output"] = [message_item(f"msg_{exchange}", decision.text)]
        payload.update(status="completed", incomplete_details=None)
    payload.pop("output_text", None)
    payload["handrail"] = {"exchange": exchange}
    return dump(payload).encode()


def texts_of(output: Sequence[Json]) -> Iterator[tuple[tuple[int, str, int], str]]:
    """All words of an answer, each by (item, kind of part, part), but for the calls of tools.

    Raises for items of another shape.
    """
    for at, item in enumerate(output):
        if is_call(item):
            continue
        if item["type"] not in _READ_ITEMS:
            yield (at, item["type"], 0), words(item)
            continue
        parts = [*enumerate(item.get("summary") or ()), *enumerate(item.get("content") or ())]
        for number, part in parts:
            yield from texts_of_part((at, part["type"], number), part)
        yield (at, "beside", 0), odd_words(item, _OF_AN_ITEM)


def texts_of_part(key: tuple[int, str, int], part: Json) -> Iterator[tuple[tuple[int, str, int], str]]:
    """The words in a part, of a kind we know or not, and those that stand beside them, such as citations.

    Raises TypeError for text of another shape.
    """
    at, kind, number = key
    field = _TEXT_PARTS.get(part["type"])
    if field is None:
        yield key, words(part)
        return
    if not isinstance(part[field], str):
        raise TypeError("text must be a string")
    yield key, part[field]
    beyond = token_words(part.get("logprobs"), part[field])
    odd = odd_words(part, _OF_A_PART)
    yield (at, f"{kind} beside", number), "\n".join(filter(None, (odd, beyond)))


def is_call(item: Json) -> bool:
    """Whether an item calls a tool or holds what one gave."""
    return str(item["type"]).endswith(_TOOL_ITEMS)


def unknown(item: Json) -> str | None:
    """The type of an item that we don't know: its words are read, but it may hold more than words."""
    return None if is_call(item) or item["type"] in _READ_ITEMS else str(item["type"])[:40]


def call_of(item: Json) -> tuple[str, str, Json]:
    """A call of a tool: the tool, by name or kind; what the model writes to it; and all else in it."""
    written = next((item[name] for name in _WRITTEN if isinstance(item.get(name), str)), "")
    rest = {name: value for name, value in item.items() if name not in _OF_A_CALL}
    return str(item.get("name") or item["type"]), written, rest


def _call(at: int, item: Json, calls: Calls) -> tuple[str, str | None]:
    """The words in an item that is a call, and its type if it is one that is not read."""
    if not is_call(item):
        return "", unknown(item)
    name, written, rest = call_of(item)
    text, read = calls.read(at, name, written)
    beside, _ = calls.read((at, "beside"), name, rest)
    return f"{text}\n{beside}".strip(), None if read else str(item["type"])[:40]


def odd_of(response: Json, texts: Sequence[str]) -> str:
    """Words in fields of a response that we don't know, and its plain text where that says more."""
    plain = words(response.get("output_text"))
    repeated = plain.strip() in "".join(texts)
    odd = odd_words(response, {*TRUE_OF_ANY_REPLY, "output_text"})
    return "\n".join(filter(None, ("" if repeated else plain, odd)))


def text_part(text: str) -> Json:
    """A text part of ours."""
    return {"type": "output_text", "text": text, "annotations": []}


def message_item(name: str, text: str) -> Json:
    """A whole message item of ours."""
    return {
        "id": name,
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [text_part(text)],
    }


def _append(output: list[Json], decision: Decision) -> None:
    """Add to the last text of the answer. Log-probabilities go: they no longer match it."""
    found = [p for item in output for p in item.get("content") or () if p.get("type") == "output_text"]
    if found:
        found[-1]["text"] = decision.delivered(found[-1]["text"])
        found[-1].pop("logprobs", None)
    else:
        output.append(message_item("msg_handrail", decision.text))


def _input(value: object, unread: list[str]) -> list[Message]:
    if value is None:
        return []
    if isinstance(value, str):
        return [Message("user", value)]
    if not isinstance(value, list):
        raise RequestError("'input' must be a string or a list of items.", "input")
    found = (_item(item, f"input[{at}]", unread) for at, item in enumerate(value))
    return [message for message in found if message is not None]


def _item(value: object, place: str, unread: list[str]) -> Message | None:
    if not isinstance(value, dict):
        raise RequestError(f"'{place}' must be an object.", place)
    if value.get("type", "message") != "message":
        if value.get("type") == "item_reference":
            unread.append("item_reference")
        return None
    role = author(value, place, _SILENT_ROLES)
    if role is None:
        return None
    return Message(role, _content(value.get("content"), f"{place}.content", unread))


def _content(value: object, place: str, unread: list[str]) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
        raise RequestError(f"'{place}' must be a string or a list of content parts.", place)
    texts = []
    for part in value:
        if part.get("type") in {"input_text", "output_text", "refusal", "text"}:
            text = part.get("text") or part.get("refusal")
            texts.append(text if isinstance(text, str) else "")
        else:
            unread.append(part["type"] if part.get("type") in {"input_image", "input_file"} else "other")
    return "\n".join(texts)
