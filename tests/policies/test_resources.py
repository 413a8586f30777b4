from datetime import date

import pytest

from handrail.policies.resources import read_directory

DIRECTORY = read_directory()


def test_at_least_25_countries_each_dated() -> None:
    """The directory covers at least 25 countries; every entry has a source and a day."""
    assert len(DIRECTORY.countries) >= 25
    for place in DIRECTORY.countries.values():
        assert place.emergency
        for service in place.services:
            assert service.source
            assert date(2020, 1, 1) < service.checked <= date.today()


def test_operators_are_told_to_verify() -> None:
    """The directory says in its own words that operators must verify it."""
    assert "verify" in DIRECTORY.notice.lower()


@pytest.mark.parametrize(
    ("locale", "country"),
    [
        ("en-GB", "GB"),
        ("en_us", "US"),
        ("de-AT.UTF-8", "AT"),
        ("US", "US"),
        ("zh-Hant-HK", "HK"),
        ("ca", None),
        ("en", None),
        ("en-ZZ", None),
        ("", None),
        (None, None),
    ],
)
def test_locales(locale: str | None, country: str | None) -> None:
    """A locale names a country only where it has a region; a bare language names none."""
    assert DIRECTORY.country_of(locale) == country


@pytest.mark.parametrize("country", [*sorted(DIRECTORY.countries), None])
def test_descriptions_read_as_sentences(country: str | None) -> None:
    """What is said of each place is a sentence with its services and its emergency number."""
    said = DIRECTORY.describe(country)
    assert said.endswith(".")
    assert ".." not in said
    if country:
        place = DIRECTORY.countries[country]
        assert place.services[0].contact in said
        assert place.emergency in said
        assert said.startswith(f"In {place.name} you can ")


def test_well_known_numbers() -> None:
    """Numbers that many people know are the ones they know."""
    assert "988" in DIRECTORY.describe("US")
    assert "116 123" in DIRECTORY.describe("GB")
    assert "13 11 14" in DIRECTORY.describe("AU")
    assert "findahelpline.com" in DIRECTORY.describe(None)
