"""`handrail resources` as a person runs it."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from handrail.proxy.cli import cli

SMALL = """\
notice: none
international:
  - {name: "Find A Helpline", type: web, contact: "findahelpline.com", hours: "always", languages: ["en"],
     source: findahelpline.com, checked: 2026-11-01}
countries:
  GB:
    name: the United Kingdom
    emergency: "999"
    calling: "44"
    services:
      - {name: "Samaritans", type: call, contact: "116 123", hours: "24 hours a day", languages: ["en"],
         source: samaritans.org, checked: 2025-01-31}
"""


@pytest.fixture
def small(tmp_path: Path) -> str:
    path = tmp_path / "resources.yaml"
    path.write_text(SMALL)
    return str(path)


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["resources", *words])
    return result.exit_code, result.output


def test_old_entries_are_listed(small: str) -> None:
    """Entries older than the age are named with their date and source, and the exit status is 1."""
    code, said = run("check", "--resources", small, "--on", "2026-11-23")
    assert code == 1
    assert "GB" in said
    assert "2025-01-31" in said
    assert "661 days" in said
    assert "samaritans.org" in said
    assert "findahelpline" not in said
    assert "1 of 2 entries" in said


def test_fresh_entries_are_fine(small: str) -> None:
    """With nothing older than the age the exit status is 0."""
    assert run("check", "--resources", small, "--days", "661", "--on", "2026-11-23")[0] == 0
    assert run("check", "--resources", small, "--country", "international", "--on", "2026-11-23")[0] == 0
    assert run("check", "--on", "2026-11-23")[0] == 0


def test_a_country_nobody_knows(small: str) -> None:
    """A country that is not in the directory is a mistake, not an empty list."""
    result = CliRunner().invoke(cli, ["resources", "check", "--country", "XX"])
    assert result.exit_code != 0
    assert "XX" in str(result.exception)


@pytest.mark.parametrize(
    ("locale", "told"),
    [
        ("en-US", "call 988"),
        ("en-GB", "116 123"),
        ("de-DE", "0800 111 0 111"),
        ("fr-CA", "988"),
        ("hi-IN", "14416"),
        ("es-MX", "800 911 2000"),
        ("pt-BR", "188"),
        ("ja-JP", "0120-279-338"),
        ("xx", "findahelpline.com"),
    ],
)
def test_services_of_a_place_are_shown(locale: str, told: str) -> None:
    """For each locale its services, their hours, audience, source and date, and what people are told."""
    code, said = run("show", locale)
    assert code == 0
    assert told in said
    assert "2026-" in said
    assert "People are told" in said


def test_all_countries_are_shown() -> None:
    """Without a locale every country has a line."""
    code, said = run("show")
    assert code == 0
    assert "GB  the United Kingdom" in said
