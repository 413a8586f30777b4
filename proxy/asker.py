"""Asker: what a request's headers and the settings say of who asks: place, persona, age band, local time."""

import re
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from handrail.classifiers.errors import RequestError
from handrail.policies.context import Context
from handrail.policies.resources import Directory
from handrail.proxy.headers import AGE_BAND_HEADER, LOCALE_HEADER, PERSONA_HEADER, TIMEZONE_HEADER
from handrail.proxy.settings import Settings

_TOKEN = re.compile(r"[a-z0-9][a-z0-9._+-]{0,63}")


def read_context(
    headers: Mapping[str, str], route: str, settings: Settings, directory: Directory, at: datetime
) -> Context:
    """The context of a request that came `at` a time. Raises RequestError naming the header and the mend."""
    return Context(
        locale=headers.get(LOCALE_HEADER) or settings.locale,
        route=route,
        persona=_token(headers, PERSONA_HEADER),
        age_band=_token(headers, AGE_BAND_HEADER),
        hour=_hour(headers.get(TIMEZONE_HEADER) or settings.timezone, at),
    ).located(directory)


def _hour(zone: str | None, at: datetime) -> int | None:
    try:
        return at.astimezone(ZoneInfo(zone)).hour if zone else None
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        # What a name that is none, has odd characters or is a folder's raises. The setting was checked.
        message = f"{TIMEZONE_HEADER} must be an IANA time zone, such as Europe/London."
        raise RequestError(message, TIMEZONE_HEADER) from error


def _token(headers: Mapping[str, str], name: str) -> str | None:
    value = headers.get(name, "").strip().lower()
    if value and not _TOKEN.fullmatch(value):
        message = f"{name} must be a short token of letters, digits and . _ + -, such as 13-17."
        raise RequestError(message, name)
    return value or None
