"""Wire: how a target is spoken to over HTTP: each dialect that the proxy speaks, as two pure functions.

Inspect's own providers speak some of these, but none of them shows what handrail says of an answer that it
altered, and all of them look into messages one by one, which with two hundred of them takes longer than the
guard does.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jsonpointer import JsonPointerException, resolve_pointer, set_pointer

from handrail.classifiers.errors import SettingsError

Said = tuple[str, str]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: who is asked, what was said, the bounds of the reply, and a recorded reply's key."""

    model: str
    said: Sequence[Said]
    most_tokens: int
    temperature: float
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens taken, as the answer says."""

    input: int = 0
    output: int = 0


@dataclass(frozen=True, slots=True)
class Wire:
    """A dialect: where it is asked, how, and where an answer holds its words and its usage."""

    path: str
    headers: Mapping[str, str]
    body: Callable[[Ask], Json]
    reply: Callable[[Json], str]
    usage: Callable[[Json], Usage]


def wire_of(dialect: str, generic: str | None = None) -> Wire:
    """The wire of a dialect; `generic` is the proxy's JSON mapping. Raises SettingsError with the mend."""
    if dialect == "generic":
        if not generic:
            raise SettingsError("--dialect generic: give the mapping with --generic, as for the proxy")
        return _generic(json.loads(generic))
    if dialect not in _WIRES:
        raise SettingsError(f"--dialect {dialect}: known are {', '.join([*_WIRES, 'generic'])}")
    return _WIRES[dialect]


def _messages(said: Sequence[Said]) -> list[Json]:
    return [{"role": role, "content": words} for role, words in said]


def _system(ask: Ask) -> str | None:
    return "\n\n".join(words for role, words in ask.said if role == "system") or None


def _talk(ask: Ask) -> list[Json]:
    return _messages([s for s in ask.said if s[0] != "system"])


def _given(**values: Any) -> Json:
    return {name: value for name, value in values.items() if value is not None}


def _openai_body(ask: Ask) -> Json:
    return _given(
        model=ask.model,
        messages=_messages(ask.said),
        max_tokens=ask.most_tokens,
        temperature=ask.temperature,
        user=ask.key,
    )


def _anthropic_body(ask: Ask) -> Json:
    return _given(
        model=ask.model,
        system=_system(ask),
        messages=_talk(ask),
        max_tokens=ask.most_tokens,
        temperature=ask.temperature,
    )


def _responses_body(ask: Ask) -> Json:
    return _given(
        model=ask.model,
        instructions=_system(ask),
        input=_talk(ask),
        max_output_tokens=ask.most_tokens,
        temperature=ask.temperature,
    )


def _ollama_body(ask: Ask) -> Json:
    options = {"num_predict": ask.most_tokens, "temperature": ask.temperature}
    return {"model": ask.model, "messages": _messages(ask.said), "stream": False, "options": options}


def _responses_reply(answer: Json) -> str:
    said = [item for item in answer["output"] if item.get("type") == "message"]
    return "".join(part.get("text", part.get("refusal", "")) for item in said for part in item["content"])


def _usage(field: str | None, input_name: str, output_name: str) -> Callable[[Json], Usage]:
    def read(answer: Json) -> Usage:
        found = (answer.get(field) if field else answer) or {}
        return Usage(int(found.get(input_name) or 0), int(found.get(output_name) or 0))

    return read


_WIRES: Mapping[str, Wire] = {
    "openai": Wire(
        "/v1/chat/completions",
        {},
        _openai_body,
        lambda answer: str(answer["choices"][0]["message"]["content"] or ""),
        _usage("usage", "prompt_tokens", "completion_tokens"),
    ),
    "responses": Wire(
        "/v1/responses",
        {},
        _responses_body,
        _responses_reply,
        _usage("usage", "input_tokens", "output_tokens"),
    ),
    "anthropic": Wire(
        "/v1/messages",
        {"anthropic-version": "2023-06-01"},
        _anthropic_body,
        lambda answer: "".join(part.get("text", "") for part in answer["content"]),
        _usage("usage", "input_tokens", "output_tokens"),
    ),
    "ollama": Wire(
        "/api/chat",
        {},
        _ollama_body,
        lambda answer: str(answer["message"]["content"]),
        _usage(None, "prompt_eval_count", "eval_count"),
    ),
}


def _generic(mapping: Json) -> Wire:
    def body(ask: Ask) -> Json:
        built: Json = {}
        earlier = [s for s in ask.said if s[0] != "system"]
        names = {"user": mapping.get("client_roles", ["user"])[0], "assistant": "assistant"}
        if "text" in mapping:
            _put(built, mapping["text"], earlier.pop()[1])
        if "history" in mapping:
            _put(built, mapping["history"], [_entry(mapping, names[role], words) for role, words in earlier])
        return built

    def reply(answer: Json) -> str:
        try:
            return str(resolve_pointer(answer, mapping.get("reply", "/reply")))
        except JsonPointerException as error:
            raise LookupError("reply") from error

    return Wire(mapping["path"], {}, body, reply, lambda _: Usage())


def _entry(mapping: Json, role: str, words: str) -> Json:
    entry: Json = {}
    _put(entry, mapping.get("role", "/role"), role)
    _put(entry, mapping.get("content", "/content"), words)
    return entry


def _put(document: Json, pointer: str, value: object) -> None:
    """Set a value where a pointer leads, making the objects on the way."""
    parts = pointer.strip("/").split("/")
    for end in range(1, len(parts)):
        place = "/" + "/".join(parts[:end])
        if resolve_pointer(document, place, None) is None:
            set_pointer(document, place, {})
    set_pointer(document, pointer, value)
