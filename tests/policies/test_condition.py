from typing import Any

import pytest
from pydantic import ValidationError

from handrail.policies.condition import Hours, Range, When, fits_locale, nothing_owed_without_risk


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "at least one condition"),
        ({"threshold": 0.5, "age_band": ["18+"]}, "threshold needs a risk or a behaviour"),
        ({"age_band": ["Over 18"]}, "age_band.0"),
        ({"locale": ["english"]}, "locale.0"),
        ({"route": ["v1/chat"]}, "route.0"),
        ({"hours": {"from": 22, "to": 22}}, "the same hour"),
        ({"hours": {"from": 0, "to": 24}}, "the same hour"),
        ({"session": {}}, "at least one thing of the session"),
        ({"session": {"turns": {}}}, "at_least, at_most or both"),
        ({"session": {"turns": {"at_least": 3, "at_most": 2}}}, "at_least is larger"),
        ({"any": [{}]}, "at least one condition"),
        ({"present": ["declines"], "threshold": "loud"}, "threshold"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused(values: dict[str, Any], words: str) -> None:
    """A condition that could not mean anything is refused with what is wrong in it."""
    with pytest.raises(ValidationError, match=words):
        When.model_validate(values)


@pytest.mark.parametrize(
    ("pattern", "locale", "country", "fits"),
    [
        ("en", "en-GB", "GB", True),
        ("GB", "en-GB", "GB", True),
        ("en-GB", "en_GB.UTF-8", "GB", True),
        ("en-GB", "en-US", "US", False),
        ("de", "en-DE", "DE", False),
        ("GB", "gb", None, False),
        ("US", "US", "US", True),
        ("en", "US", "US", False),
        ("en-GB", None, "GB", False),
        ("GB", None, "GB", True),
        ("en", None, None, False),
        ("CA", "ca", None, False),
    ],
)
def test_a_locale_is_a_language_a_country_or_both(
    pattern: str, locale: str | None, country: str | None, fits: bool
) -> None:
    """A language fits any country, a country any language; nothing fits a place nobody knows."""
    assert fits_locale(pattern, locale, country) == fits


def test_hours_run_past_midnight() -> None:
    """From 22 to 6 is the night; the last hour is not included; an unknown hour is never within."""
    night = Hours.model_validate({"from": 22, "to": 6})
    assert [h for h in range(24) if night.holds(h)] == [0, 1, 2, 3, 4, 5, 22, 23]
    day = Hours.model_validate({"from": 6, "to": 24})
    assert not any(day.holds(h) and night.holds(h) and h < 22 for h in range(24))
    assert not night.holds(None)


def test_counts_have_bounds() -> None:
    """A range includes both its bounds; an unknown count is never within."""
    assert [n for n in range(5) if Range(at_least=1, at_most=3).holds(n)] == [1, 2, 3]
    assert not Range(at_least=0).holds(None)


def test_what_is_missing_is_owed_to_a_risk_around_it() -> None:
    """Something may be missing beside or inside a condition on risk, at any depth, and nowhere else."""
    inner = {"any": [{"missing": ["declines"]}, {"not": {"missing": ["checks_risk"]}}]}
    assert nothing_owed_without_risk(When.model_validate({"risk": "mania", **inner}))
    assert not nothing_owed_without_risk(When.model_validate(inner))
    assert not nothing_owed_without_risk(When.model_validate({"all": [{"risk": "mania"}, inner]}))
