"""Routing: which upstream a request goes to, by the path it asks for or the model it names."""

import json
import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import unquote

from multidict import CIMultiDict
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from yarl import URL

DEFAULT = "default"
BEARER = "Authorization"
# Headers in which clients of one vendor or another send their key: with a key of ours, none of them leaves.
_KEY_HEADERS = frozenset({"authorization", "x-api-key", "api-key", "x-goog-api-key"})
_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_TOKEN = re.compile(r"[A-Za-z0-9-]+")


class UpstreamEntry(BaseModel):
    """One further upstream: where it is, its key, and the requests that go to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9_-]{1,40}$", description="Its name in metrics and logs.")
    url: str = Field(description="Its base URL; paths are appended to it.")
    key: SecretStr | None = Field(default=None, description="Key sent to it instead of the client's own.")
    key_header: str = Field(default=BEARER, description="Header in which the key is sent.")
    paths: tuple[str, ...] = Field(default=(), description="Beginnings of the paths that go to it.")
    models: tuple[str, ...] = Field(
        default=(), description="Names of models that go to it; * stands for any."
    )

    @field_validator("url")
    @classmethod
    def _absolute(cls, value: str) -> str:
        return absolute(value)

    @field_validator("key")
    @classmethod
    def _one_line(cls, value: SecretStr | None) -> SecretStr | None:
        return one_line(value)

    @field_validator("key_header")
    @classmethod
    def _named(cls, value: str) -> str:
        return header_name(value)

    @field_validator("paths")
    @classmethod
    def _rooted(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(path.startswith("/") for path in value):
            raise ValueError("each must begin with /, such as /v1/messages")
        return tuple(_plain(path) for path in value)

    @model_validator(mode="after")
    def _reachable(self) -> "UpstreamEntry":
        if self.name == DEFAULT:
            raise ValueError("the name `default` is upstream_url's; choose another")
        if not self.paths and not self.models:
            raise ValueError("must have paths or models, or no request would ever go to it")
        return self


@dataclass(frozen=True, slots=True)
class Destination:
    """An upstream as requests are sent to it; `key` is the whole value of its header."""

    name: str
    base: str
    key_header: str = BEARER
    key: str | None = None

    def authorize(self, headers: CIMultiDict[str]) -> None:
        """Put our key in place of whatever key the client sent; without one of ours the client's stays."""
        if self.key is None:
            return
        for name in [name for name in headers if name.lower() in _KEY_HEADERS]:
            headers.popall(name, None)
        headers[self.key_header] = self.key


def destination(name: str, base: str, key: SecretStr | None, key_header: str) -> Destination:
    """An upstream of the settings. In `Authorization` a key stands as a bearer's, elsewhere by itself."""
    if key is None:
        return Destination(name, base)
    secret = key.get_secret_value()
    bearer = key_header.casefold() == BEARER.casefold()
    return Destination(name, base, key_header, f"Bearer {secret}" if bearer else secret)


class Router:
    """Chooses among upstreams: the first entry that takes a request's path or its model, or the default."""

    def __init__(self, default: Destination, entries: Sequence[UpstreamEntry]) -> None:
        self._default = default
        self._entries = [(e, destination(e.name, e.url, e.key, e.key_header)) for e in entries]
        self.by_model = any(entry.models for entry in entries)

    @property
    def destinations(self) -> tuple[Destination, ...]:
        """All upstreams, the default first."""
        return (self._default, *(found for _, found in self._entries))

    def choose(self, path: str, model: str | None) -> Destination:
        """Where a request goes. `path` is raw; `model` is None where none is named."""
        if not self._entries:
            return self._default
        plain = _plain(path)
        return next((found for entry, found in self._entries if _takes(entry, plain, model)), self._default)


def model_of(body: bytes) -> str | None:
    """The model that a JSON body names, if it is one and does."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return None
    model = payload.get("model") if isinstance(payload, dict) else None
    return model if isinstance(model, str) else None


def absolute(value: str) -> str:
    """A base URL, checked. Raises ValueError with the mend."""
    value = value.strip()
    try:
        url = URL(value)
    except ValueError:
        url = URL()
    if url.scheme not in {"http", "https"} or not url.host or not _PRINTABLE.fullmatch(value):
        raise ValueError("must be an http:// or https:// URL, such as http://127.0.0.1:11434")
    if "?" in value or "#" in value:
        raise ValueError("must have no query and no fragment")
    if "@" in url.raw_authority:
        raise ValueError("must have no user name in it; give the key as a setting of its own")
    return value.rstrip("/")


def one_line(value: SecretStr | None) -> SecretStr | None:
    """A key without the newline that a mounted file often ends in. Raises ValueError for one inside it."""
    if value is None:
        return None
    key = value.get_secret_value().strip()
    if not _PRINTABLE.fullmatch(key):
        raise ValueError("must be printable ASCII without spaces")
    return SecretStr(key)


def header_name(value: str) -> str:
    """The name of a header, checked. Raises ValueError."""
    if not _TOKEN.fullmatch(value):
        raise ValueError("must be the name of a header, such as x-api-key")
    return value


def _takes(entry: UpstreamEntry, path: str, model: str | None) -> bool:
    by_path = any(path == p or path.startswith(p.rstrip("/") + "/") for p in entry.paths)
    return by_path or (model is not None and any(fnmatchcase(model, glob) for glob in entry.models))


def _plain(path: str) -> str:
    """A raw path as a lenient server would understand it, without its query."""
    return posixpath.normpath(re.sub("/+", "/", unquote(path.split("?", 1)[0])))
