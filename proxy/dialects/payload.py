"""Payload: JSON bodies as every dialect reads and writes them."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from handrail.classifiers.errors import RequestError, UpstreamError
from handrail.classifiers.exchange import Role
from handrail.proxy.strict_json import loads

Json = dict[str, Any]

# What reading a payload of unexpected shape can raise.
READ_ERRORS = (ValueError, KeyError, TypeError, AttributeError, RecursionError)

# Keys of content parts that hold names and not words.
_NAMES = frozenset({"type", "id", "format", "signature", "index", "data"})

# What tells words from an id or a code: a space beside a letter, or a letter of a script without spaces.
_WORDY = re.compile(r"\w\s|\s\w|[^\W\x00-\x7f]")

ROLES: Mapping[str, Role] = {"user": "user", "assistant": "assistant"}


def json_object(body: bytes) -> Json:
    """A request body as an object. Raises RequestError when it is none."""
    try:
        payload = loads(body)
    except (ValueError, RecursionError) as error:
        raise RequestError("The request body is not valid JSON.") from error
    if not isinstance(payload, dict):
        raise RequestError("The request body must be a JSON object.")
    return payload


def flag(payload: Json, name: str, *, default: bool) -> bool:
    """A field that is true, false or left out. Raises RequestError."""
    value = payload.get(name)
    if value is not None and not isinstance(value, bool):
        raise RequestError(f"'{name}' must be true or false.", name)
    return default if value is None else value


def listed(payload: Json, name: str) -> list[Any]:
    """A field that is a list of at least one thing. Raises RequestError."""
    value = payload.get(name)
    if not isinstance(value, list) or not value:
        raise RequestError(f"'{name}' must be a list of at least one message.", name)
    return value


def author(message: Json, place: str, silent: Collection[str]) -> Role | None:
    """Who wrote a message of a request; None for a role whose messages are no talk. Raises RequestError."""
    role = str(message.get("role"))
    if role in silent:
        return None
    if role not in ROLES:
        known = ", ".join(sorted({*ROLES, *silent}))
        raise RequestError(f"'{place}.role' must be one of {known}.", f"{place}.role")
    return ROLES[role]


def dump(payload: Json) -> str:
    """JSON in ASCII: half an emoji, which some servers send, can't be encoded otherwise."""
    return json.dumps(payload, separators=(",", ":"))


def is_whole(value: object) -> bool:
    """Whether a value is a whole number; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def words(value: object) -> str:
    """All words in a field of a reply: a string, or content parts of any nesting. Raises TypeError."""
    if value is None or isinstance(value, bool | int | float):
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(filter(None, map(words, value)))
    if isinstance(value, dict):
        return "\n".join(filter(None, (words(v) for k, v in value.items() if k not in _NAMES)))
    raise TypeError("no text")


def odd_words(payload: Json, known: Collection[str]) -> str:
    """The words in fields that we don't know: strings of more than one word, at any depth.

    Ids, names and codes are one word, so a field that only marks a piece of a stream adds nothing.
    """
    return "\n".join(_wordy({name: value for name, value in payload.items() if name not in known}))


def token_words(logprobs: object, said: str) -> str:
    """The words that the tokens of log-probabilities say beyond what the text they belong to says."""
    found = logprobs.get("content") or logprobs.get("tokens") if isinstance(logprobs, dict) else logprobs
    if not isinstance(found, list):
        return ""
    tokens = "".join(t if isinstance(t, str) else str(t.get("token", "")) for t in found)
    return "" if tokens.strip() in said else "\n".join(_wordy(tokens))


def _wordy(value: object) -> Iterator[str]:
    if isinstance(value, str) and _WORDY.search(value):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _wordy(inner)


def beyond(known: str, text: str) -> str:
    """What a text says beyond what is known of it; nothing where only its edges or half emoji differ."""
    said, repeated = _joined(known), _joined(text)
    if repeated.startswith(said):
        return repeated[len(said) :]
    return "" if repeated.strip() == said.strip() else repeated


def _joined(text: str) -> str:
    """A text with the halves of its emoji put together, as some servers send them apart."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def only(payload: Json, names: Collection[str]) -> Json:
    """A payload without the fields that are not named."""
    return {name: value for name, value in payload.items() if name in names}


def invalid_answer(what: str) -> UpstreamError:
    """The error for an answer that is not what its dialect promises."""
    return UpstreamError(f"The model server's answer was not {what}.", 502, "upstream_invalid")
