"""`handrail resources`: the directory of crisis services, and how old its entries are."""

import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click

from handrail.classifiers.errors import SettingsError
from handrail.policies.resources import INTERNATIONAL, Directory, Resource, read_directory

_file = click.option(
    "--resources", "path", type=click.Path(path_type=Path), help="Directory file (default: ours)."
)


@click.group()
def resources() -> None:
    """Check and show the directory of crisis services."""


@resources.command()
@_file
@click.option(
    "--days", default=180, show_default=True, type=click.IntRange(min=0), help="Oldest age allowed."
)
@click.option(
    "--country", "countries", multiple=True, help="Only these countries, such as GB; may be repeated."
)
@click.option(
    "--on",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day to reckon from (default: today, in UTC).",
)
def check(path: Path | None, days: int, countries: tuple[str, ...], on: datetime | None) -> None:
    """List entries that were checked more than DAYS days ago. Exit status 1 if there are any."""
    directory = read_directory(path)
    wanted = {_country(directory, name) for name in countries}
    today = on.date() if on else datetime.now(UTC).date()
    old = [
        (code, entry)
        for code, entry in directory.older_than(today - timedelta(days=days))
        if not wanted or code in wanted
    ]
    for code, entry in old:
        click.echo(
            f"{code:<13} {entry.checked}  {_age(entry, today):>5} days  {_line(entry)}, see {entry.source}"
        )
    total = sum(1 for code, _ in _entries(directory) if not wanted or code in wanted)
    click.echo(f"{len(old)} of {total} entries were checked more than {days} days before {today}")
    sys.exit(1 if old else 0)


@resources.command()
@click.argument("locale", required=False)
@_file
def show(locale: str | None, path: Path | None) -> None:
    """Show the services for LOCALE, such as en-GB, and what people are told; without it, the countries."""
    directory = read_directory(path)
    if locale is None:
        for code, one in directory.countries.items():
            click.echo(f"{code}  {one.name}, {len(one.services)} services, emergency {one.emergency}")
        return
    country = directory.country_of(locale)
    if country is None:
        click.echo(f"no country of the directory in {locale!r}; people are shown the international services")
    place = directory.countries.get(country or "")
    if place is not None:
        click.echo(f"{country}  {place.name}, emergency {place.emergency}")
    for entry in place.services if place else directory.international:
        told = f"{entry.hours}; for {entry.audience}; in {', '.join(entry.languages)}"
        click.echo(f"  {_line(entry)}; {told}; {entry.source}, {entry.checked}")
    for name, numbers in (place.right if place else {}).items():
        click.echo(f"  left alone in replies: {name} {', '.join(numbers)}")
    click.echo(f"People are told: {directory.describe(country)}")


def _country(directory: Directory, name: str) -> str:
    code = name.upper()
    if code not in directory.countries and name != INTERNATIONAL:
        raise SettingsError(
            f"--country: no {name!r} in the directory; known are {', '.join(directory.countries)}"
        )
    return name if name == INTERNATIONAL else code


def _entries(directory: Directory) -> Iterator[tuple[str, Resource]]:
    yield from directory.older_than(date.max)


def _line(entry: Resource) -> str:
    return f"{entry.type} {entry.contact} ({entry.name})"


def _age(entry: Resource, today: date) -> int:
    return (today - entry.checked).days
