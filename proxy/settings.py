"""Settings: everything an operator can set, from one YAML file and the environment."""

import json
import os
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo, field_validator

from handrail.classifiers.errors import SettingsError
from handrail.classifiers.progress import SHARE
from handrail.policies.document import Place, describe, parse_with_lines
from handrail.proxy.dialects.generic import GenericMapping
from handrail.proxy.dialects.paths import Family
from handrail.proxy.modes import Failing, Mode, Overflow, Route
from handrail.proxy.routing import BEARER, UpstreamEntry, absolute, header_name, one_line
from handrail.proxy.second_opinion import OpinionSettings

PREFIX = "HANDRAIL_"


class Settings(BaseModel):
    """One field a setting. The environment (HANDRAIL_ and the name in capitals) wins over the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    upstream_url: str = Field(description="Base URL of the chatbot server; paths are appended to it.")
    upstream_key: SecretStr | None = Field(
        default=None, description="Key sent upstream instead of the client's own."
    )
    upstream_key_header: str = Field(
        default=BEARER,
        description="Header in which the key is sent; Authorization carries it as a bearer's, others bare.",
    )
    upstreams: tuple[UpstreamEntry, ...] = Field(
        default=(), description="Further upstreams, by path or model (below)."
    )
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = Field(
        default=(),
        description="Networks of proxies in front of handrail; what they say of their clients is passed on.",
    )
    forwarded: Literal["append", "drop"] = Field(
        default="append", description="Whether upstreams are told the client's address."
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8080, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    own_prefix: str = Field(
        default="",
        pattern=r"^(/[A-Za-z0-9._-]+)*$",
        description="Beginning of the paths that handrail itself answers, such as /-/handrail.",
    )
    journal_path: Path = Field(
        default=Path("handrail.db"), description="SQLite file that keeps flagged exchanges."
    )
    redis_url: SecretStr | None = Field(
        default=None, description="Redis that all replicas share; it then keeps the journal instead."
    )
    redis_replicas: int = Field(
        default=0, ge=0, description="Replicas of Redis that must have a flagged exchange before its release."
    )
    spool_path: Path = Field(
        default=Path("handrail-spool.db"),
        description="SQLite file that keeps flagged exchanges while Redis is out of reach.",
    )
    spool_max_bytes: int = Field(default=2**30, ge=2**20, description="Size at which the spool is full.")
    journal_key: SecretStr | None = Field(
        default=None, description="Keys that seal what people said; the first seals, all open."
    )
    journal_key_path: Path | None = Field(
        default=None, description="File of such keys; one a line, instead of journal_key."
    )
    user_key: SecretStr | None = Field(
        default=None, description="Secret for pseudonyms; kept for good, made by the journal when not set."
    )
    retention_open_days: float | None = Field(
        default=None,
        gt=0,
        description="Days after which an exchange nobody has finished reviewing is deleted.",
    )
    retention_done_days: float | None = Field(
        default=None, gt=0, description="Days after which a reviewed exchange is deleted."
    )
    alert_url: str | None = Field(default=None, description="Webhook that is told of escalations.")
    alert_secret: SecretStr | None = Field(
        default=None, validate_default=True, description="Secret that signs what the webhook is told."
    )
    review_url: str | None = Field(
        default=None, description="Base URL of the review pages; alerts link to the exchange there."
    )
    review_host: str = Field(default="127.0.0.1", description="Address on which the review pages listen.")
    review_port: int = Field(
        default=8090, ge=0, le=65535, description="Port of the review pages; 0 takes a free one."
    )
    review_user_header: str | None = Field(
        default=None, description="Header in which a trusted proxy names who has signed in there."
    )
    review_second_share: float = Field(
        default=0.1, ge=0, le=1, description="Share of exchanges that a second person reviews, blind."
    )
    review_idle_minutes: float = Field(
        default=30, gt=0, le=720, description="Minutes after which a reviewer who does nothing is signed out."
    )
    rate_limit: int = Field(
        default=0,
        ge=0,
        description="Requests a minute that each client's key, or else address, may make; 0 any.",
    )
    rate_limit_address: int = Field(
        default=0, ge=0, description="Requests a minute that each address may make, whatever its keys; 0 any."
    )
    verdict_cache_seconds: float = Field(
        default=600,
        ge=0,
        description="Seconds for which an assessment is remembered, as numbers; 0 for never.",
    )
    policy_path: Path | None = Field(default=None, description="Policy file; ours when not set.")
    reload_seconds: float = Field(
        default=2,
        ge=0,
        description="Seconds between looks at policy and texts for a change; 0 waits for SIGHUP.",
    )
    texts_path: Path | None = Field(
        default=None, description="Texts shown to people; a file, or a folder with one file a language."
    )
    resources_path: Path | None = Field(default=None, description="Crisis resources; ours when not set.")
    model_path: Path | None = Field(default=None, description="Folder of the model; ours when not set.")
    locale: str | None = Field(
        default=None,
        description="Where the people are, such as en-GB; an X-Handrail-Locale header wins over it.",
    )
    timezone: str | None = Field(
        default=None,
        description="Time zone of the people, such as Europe/London; an X-Handrail-Timezone header wins over "
        "it.",
    )
    session_key: str = Field(
        default="messages",
        pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$",
        description="What a session is known by: messages, user or the name of a header.",
    )
    session_seconds: float = Field(
        default=259200, gt=0, description="Seconds for which a session is kept after its last message."
    )
    session_most: int = Field(default=20000, ge=1, description="Sessions kept in memory.")
    session_secret: SecretStr | None = Field(
        default=None, description="Secret of the hashes under which sessions are kept."
    )
    connect_timeout: float = Field(default=10, gt=0, description="Seconds to wait for a connection upstream.")
    first_byte_timeout: float = Field(
        default=300, gt=0, description="Seconds to wait for the first byte of an answer from upstream."
    )
    idle_timeout: float = Field(
        default=120, gt=0, description="Seconds to wait for the next byte from upstream."
    )
    total_timeout: float = Field(
        default=1800, gt=0, description="Seconds that a request may take upstream in all."
    )
    retries: int = Field(
        default=2, ge=0, le=10, description="Times that a request is sent again before an answer has begun."
    )
    retry_seconds: float = Field(
        default=0.2, gt=0, description="Longest wait before the first retry; it doubles each time."
    )
    retry_most_seconds: float = Field(
        default=5, gt=0, description="Longest wait before any retry, and longest Retry-After that is kept to."
    )
    breaker_failures: int = Field(
        default=5, ge=0, description="Failures in a row after which an upstream is left alone; 0 for never."
    )
    breaker_seconds: float = Field(
        default=10, gt=0, description="Seconds for which it is left alone before it is tried again."
    )
    max_connections: int = Field(
        default=1024, ge=0, description="Most connections to one upstream; 0 for any number."
    )
    keepalive_seconds: float = Field(
        default=30, gt=0, description="Seconds for which an idle connection upstream is kept."
    )
    max_header_bytes: int = Field(
        default=32768, ge=1024, le=2**20, description="Longest header line taken, from either side."
    )
    mode: Mode = Field(
        default="enforce",
        description="What is done with chats; enforce repairs, shadow only records, off does not read.",
    )
    routes: tuple[Route, ...] = Field(
        default=(), description="Modes by path; the first that matches counts (below)."
    )
    fail_request: Failing = Field(
        default="closed", description="What is done with a chat request that can't be read (below)."
    )
    fail_reply: Failing = Field(
        default="closed", description="What is done with a reply that can't be judged (below)."
    )
    client_timeout: float = Field(
        default=60, gt=0, description="Seconds to wait for a client that stops sending or taking bytes."
    )
    max_body_bytes: int = Field(
        default=8 * 2**20, ge=1024, description="Largest request body read; others stream through."
    )
    max_json_depth: int = Field(default=64, ge=4, le=500, description="Most levels of nesting in a request.")
    max_messages: int = Field(default=2000, ge=1, description="Most messages in a request.")
    max_reply_bytes: int = Field(default=16 * 2**20, ge=1024, description="Largest reply read.")
    max_held_characters: int = Field(
        default=1200,
        ge=80,
        description="Streamed text held without a sentence end before it overflows (below).",
    )
    max_held_seconds: float = Field(
        default=3, gt=0, description="Seconds for which streamed text is held before it overflows (below)."
    )
    held_overflow: Overflow = Field(
        default="judge", description="What is done with held text that overflows (below)."
    )
    stretch_share: float = Field(
        default=SHARE,
        ge=0,
        le=1,
        description="Tokens that may be read twice so that a stream flows, as a share of the reply.",
    )
    history_most: int = Field(
        default=20_000_000,
        ge=0,
        description="Characters of conversations remembered for requests that only name an answer.",
    )
    history_seconds: float = Field(
        default=86400, gt=0, description="Seconds for which such a conversation is remembered."
    )
    regenerate_seconds: float = Field(
        default=20, gt=0, description="Seconds that a reply asked for once more may take in all."
    )
    regenerate_most: int = Field(
        default=1, ge=0, le=5, description="Times a reply is asked for once more; 0 replaces at once."
    )
    second_opinion: OpinionSettings | None = Field(
        default=None, description="A judge model asked where our own reading leaves a doubt."
    )
    generic: tuple[GenericMapping, ...] = Field(
        default=(), description="Home-made chat backends, told where their words stand by JSON Pointers."
    )
    tools_shown: bool | tuple[str, ...] = Field(
        default=False,
        description="Tools whose arguments people are shown and which are judged: true, false or names.",
    )
    relay_unread: tuple[Family, ...] = Field(
        default=(), description="Interfaces that bring words no dialect reads, relayed unread all the same."
    )
    drain_seconds: float = Field(default=30, ge=0, description="Time that open replies get at a shutdown.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe log line written."
    )

    @field_validator("upstream_url")
    @classmethod
    def _absolute(cls, value: str) -> str:
        return absolute(value)

    @field_validator("alert_url")
    @classmethod
    def _hook(cls, value: str | None) -> str | None:
        # Unlike a base URL it is used as it stands: receivers often know who calls by the query.
        if value is not None:
            absolute(value.partition("?")[0])
        if value is not None and not (value.isascii() and value.isprintable() and " " not in value):
            raise ValueError("must be an http:// or https:// URL, such as https://example.org/hook")
        return value

    @field_validator("review_url")
    @classmethod
    def _pages(cls, value: str | None) -> str | None:
        return None if value is None else absolute(value)

    @field_validator("alert_secret")
    @classmethod
    def _signed(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if info.data.get("alert_url") and not (value and value.get_secret_value()):
            raise ValueError("must be set where alert_url is: alerts are signed")
        return value

    @field_validator("review_user_header")
    @classmethod
    def _told_by_trusted(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and not info.data.get("trusted_proxies"):
            raise ValueError("needs trusted_proxies: whoever else sends it must not be believed")
        return None if value is None else header_name(value)

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str | None) -> str | None:
        try:
            return ZoneInfo(value).key if value else None
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("must be an IANA time zone, such as Europe/London") from error

    @field_validator(
        "generic", "upstreams", "routes", "tools_shown", "relay_unread", "second_opinion", mode="before"
    )
    @classmethod
    def _listed(cls, value: object) -> object:
        """In the environment lists stand as JSON."""
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError as error:
            raise ValueError("must be JSON, such as [] or true") from error

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _parted(cls, value: object) -> object:
        """In the environment networks stand with commas between them."""
        return [part.strip() for part in value.split(",")] if isinstance(value, str) else value

    @field_validator("upstreams")
    @classmethod
    def _told_apart(cls, value: tuple[UpstreamEntry, ...]) -> tuple[UpstreamEntry, ...]:
        names = [entry.name for entry in value]
        if len(set(names)) < len(names):
            raise ValueError("each must have a name of its own")
        return value

    @field_validator("upstream_key")
    @classmethod
    def _one_line(cls, value: SecretStr | None) -> SecretStr | None:
        return one_line(value)

    @field_validator("upstream_key_header")
    @classmethod
    def _named(cls, value: str) -> str:
        return header_name(value)


def load_settings(
    path: Path | None, environment: Mapping[str, str] = os.environ, **overrides: object
) -> Settings:
    """Settings from a file (or none), the environment, and overrides, each stronger than the last.

    Raises SettingsError naming each wrong setting, where it stands and the mend.
    """
    values, lines = _read_file(path)
    from_environment = _read_environment(environment)
    given = {name: value for name, value in overrides.items() if value is not None}
    name = path.name if path else "settings"
    # A line number would mislead where the environment or an option has overruled the file's line.
    lines = {place: line for place, line in lines.items() if not {*from_environment, *given} & {*place[:1]}}
    try:
        return Settings.model_validate({**values, **from_environment, **given})
    except ValidationError as error:
        raise SettingsError(_with_variables(describe(error, name, lines), from_environment)) from error


def _read_file(path: Path | None) -> tuple[dict[str, object], dict[Place, int]]:
    if path is None:
        return {}, {}
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"settings file {path} can't be read as UTF-8 text") from error
    values, lines = parse_with_lines(text, path.name, SettingsError)
    if not isinstance(values, dict):
        raise SettingsError(f"{path.name}: must hold settings, one `name: value` a line")
    return {str(key): value for key, value in values.items()}, lines


def _read_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """All HANDRAIL_ variables: an unknown one is a typing slip that must not pass unseen."""
    return {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX)
    }


def _with_variables(message: str, from_environment: Mapping[str, str]) -> str:
    if not from_environment:
        return message
    names = ", ".join(PREFIX + name.upper() for name in sorted(from_environment))
    return f"{message}\n(set from the environment: {names})"
