import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from handrail.classifiers.errors import RequestError
from handrail.policies.context import Context
from handrail.policies.resources import read_directory
from handrail.proxy.asker import read_context
from handrail.proxy.settings import Settings

from .conftest import HARMLESS_MESSAGE, Guarded, Script, asking, completion, post

NOON = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


@pytest.fixture
def settings(settings_for: Callable[..., Settings]) -> Settings:
    """People in Vienna, unless a request says otherwise."""
    return settings_for("http://127.0.0.1:9", locale="de-AT", timezone="Europe/Vienna")


def _read(settings: Settings, **headers: str) -> Context:
    named = {f"X-Handrail-{name.replace('_', '-')}": value for name, value in headers.items()}
    return read_context(named, "/v1/chat/completions", settings, read_directory(), NOON)


def test_settings_say_what_headers_do_not(settings: Settings) -> None:
    """Without headers place and time are those of the settings, and persona and age are not known."""
    found = _read(settings)
    assert (found.country, found.locale, found.hour) == ("AT", "de-AT", 13)
    assert (found.persona, found.age_band, found.session) == (None, None, None)
    assert found.route == "/v1/chat/completions"


def test_headers_win(settings: Settings) -> None:
    """What a request says of itself wins over the settings; tokens are read in lower case."""
    found = _read(settings, Locale="en-GB", Timezone="Asia/Tokyo", Persona=" Coach ", Age_Band="13-17")
    assert (found.country, found.hour, found.persona, found.age_band) == ("GB", 21, "coach", "13-17")


@pytest.mark.parametrize("name", ["Persona", "Age_Band"])
@pytest.mark.parametrize("value", ["two words", "x" * 65, "-x", "a,b", "ä"])
def test_an_odd_token_is_refused(settings: Settings, name: str, value: str) -> None:
    """A persona or age band that is no short token is refused by the header's name, with the mend."""
    with pytest.raises(RequestError, match=f"X-Handrail-{name.replace('_', '-')} must be a short token"):
        _read(settings, **{name: value})


@pytest.mark.parametrize("zone", ["Mars/Base", "../etc/passwd", "Europe", "/etc/localtime", "\0", "x" * 999])
def test_an_unknown_time_zone_is_refused(settings: Settings, zone: str) -> None:
    """A time zone that is none is refused by the header's name, whatever it tries to be."""
    with pytest.raises(RequestError, match=r"X-Handrail-Timezone must be an IANA time zone"):
        _read(settings, Timezone=zone)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/screen"])
async def test_a_wrong_header_is_answered_before_anything_is_asked(
    guarded: Guarded, upstream: str, script: Script, path: str
) -> None:
    """A request with a wrong header gets a 400 that names it, and the upstream is not asked."""
    script.chunks = [completion("hi")]
    body = {**asking(HARMLESS_MESSAGE), "reply": "hi"}
    sent = {"x-handrail-persona": "not a token"}
    status, answer = await post(await guarded(upstream), body, path=path, headers=sent)
    error = json.loads(answer)["error"]
    assert (status, error["param"]) == (400, "X-Handrail-Persona")
    assert "must be a short token" in error["message"]
    assert script.bodies == []
