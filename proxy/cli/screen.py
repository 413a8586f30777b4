"""`handrail screen`: exchanges from a file."""

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.errors import SettingsError
from handrail.policies.context import Context
from handrail.policies.load import load_decider
from handrail.proxy.screen import Screener, screen_all


@click.command()
@click.argument("file")
@click.option("--locale", help="Where the people are, such as en-GB: decides which resources are named.")
@click.option("--policy", "policy_path", type=click.Path(path_type=Path), help="Policy file (default: ours).")
@click.option("--model", "model_path", type=click.Path(path_type=Path), help="Model folder (default: ours).")
def screen(file: str, locale: str | None, policy_path: Path | None, model_path: Path | None) -> None:
    """Judge the exchanges in FILE ("-": standard input), one JSON object a line, in order.

    A row is {"id", "messages": [{"role", "content"}, ...], "reply"}. Exit status 1 if any row was bad.
    """
    screener = open_screener(locale, policy_path, model_path)
    began = time.perf_counter()
    with _opened(file) as source, _progress(source, file) as lines:
        rows, errors = screen_all(screener, lines, click.echo)
    sys.stdout.flush()
    seconds = max(time.perf_counter() - began, 1e-9)
    click.echo(f"{rows} rows, {errors} bad, {seconds:.1f} s, {rows / seconds:.1f} rows per second", err=True)
    sys.exit(1 if errors else 0)


def open_screener(locale: str | None, policy_path: Path | None, model_path: Path | None) -> Screener:
    """Model, policy and place, as the options name them."""
    assessor = Assessor.load(model_path)
    decider = load_decider(assessor.manifest.levels, policy_path)
    country = decider.directory.country_of(locale)
    if locale and country is None:
        click.echo(f"no resources for locale {locale!r}; the international ones are named", err=True)
    return Screener(assessor, decider, Context(country=country, locale=locale))


@contextmanager
def _opened(file: str) -> Iterator[TextIO]:
    if file == "-":
        yield sys.stdin
        return
    try:
        # A byte-order mark is no part of the first row.
        source = Path(file).open(encoding="utf-8-sig", errors="replace")  # noqa: SIM115  (closed below)
    except OSError as error:
        raise SettingsError(f"{file} can't be read: {error.strerror}") from error
    with source:
        yield source


@contextmanager
def _progress(source: TextIO, file: str) -> Iterator[Iterable[str]]:
    """The lines, with a progress bar when somebody is watching."""
    if not sys.stderr.isatty() or file == "-":
        yield source
        return
    lines = source.readlines()
    with click.progressbar(lines, label="screening", file=sys.stderr) as bar:
        yield bar
