"""`handrail texts`: check what is said to people."""

import sys
from pathlib import Path

import click

from handrail.policies.languages import read_languages
from handrail.policies.texts import Texts
from handrail.policies.tone import grade_of, problems_of


@click.group()
def texts() -> None:
    """Check the texts that people are shown."""


@texts.command()
@click.argument("path", type=click.Path(path_type=Path), required=False)
def check(path: Path | None) -> None:
    """Hold the texts of PATH (a file or a folder; default: ours) to rules of length, reading level and tone.

    Exit status 1 when a text breaks one.
    """
    wrong = 0
    for language in read_languages(path).texts.values():
        click.echo(f"{language.language}: {language.reviewed}")
        for name in language.texts:
            click.echo(_row(language, name))
        problems = problems_of(language)
        for problem in problems:
            click.echo(f"WRONG {problem}")
        wrong += len(problems)
    click.echo(f"{wrong} problems" if wrong else "all texts keep the rules")
    sys.exit(1 if wrong else 0)


def _row(texts: Texts, name: str) -> str:
    variants = texts.texts[name]
    longest = max(len(v.say.split()) for v in variants)
    row = f"  {name}: {len(variants)} variants, at most {longest} words"
    if texts.language != "en":
        return f"{row}, reading level not measured"
    return f"{row}, grade up to {max(map(grade_of, variants)):.1f}"
