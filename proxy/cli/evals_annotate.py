"""`handrail evals annotate`: replies for people to judge, blind, and what they answered."""

from pathlib import Path

import click

from handrail.classifiers.errors import SettingsError
from handrail.proxy.cli.extras import require_evals


@click.group()
def annotate() -> None:
    """Let people judge a run's replies, blind, and hold them against each other and the judge."""


@annotate.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="The sheet to write: .csv or .jsonl."
)
@click.option("--seed", default=0, show_default=True, help="Seed of the order, and of the sample.")
@click.option("--sample", type=click.IntRange(min=1), help="Only so many, the conditions in equal shares.")
def export(folder: Path, out: Path, seed: int, sample: int | None) -> None:
    """Write the replies of the run (or replay) in FOLDER as a sheet for people to fill in.

    It says nothing of arm, chatbot or label. Give each person a copy; they put yes, no or unsure under
    `answer`.
    """
    require_evals()
    # Inspect takes seconds to load, which no other command should wait for.
    from handrail.evals.people.item import read_judged  # noqa: PLC0415
    from handrail.evals.people.sheet import draw, write_sheet  # noqa: PLC0415

    items = draw(read_judged(folder), seed, sample)
    try:
        write_sheet(items, out)
    except OSError as error:
        raise SettingsError(f"--out {out}: can't be written: {error.strerror}") from error
    click.echo(f"{len(items)} replies written to {out}")


@annotate.command("import")
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("sheets", nargs=-1, required=True)
def take(folder: Path, sheets: tuple[str, ...]) -> None:
    """Take filled SHEETS into the run in FOLDER, and print how far people and the judge agree.

    A sheet is FILE, or NAME=FILE where the person is not called like the file. Each row is checked; where one
    is wrong, its number and the mend are named and nothing is taken. A later sheet takes the place of the
    same person's earlier one.
    """
    require_evals()
    from handrail.evals.people.agreement import parts_of  # noqa: PLC0415
    from handrail.evals.people.answered import keep, read_kept, require_name  # noqa: PLC0415
    from handrail.evals.people.item import read_judged  # noqa: PLC0415
    from handrail.evals.people.sheet import read_sheet  # noqa: PLC0415
    from handrail.evals.report.document import Document, Section, to_markdown  # noqa: PLC0415

    judged = read_judged(folder)
    items = {one.item.id: one.item for one in judged}
    named = [_named(sheet) for sheet in sheets]
    twice = {name for name, _ in named if [n for n, _ in named].count(name) > 1}
    if twice:
        raise SettingsError(f"two sheets of {', '.join(sorted(twice))}: give each as NAME=FILE")
    read = [(require_name(name), read_sheet(path, items)) for name, path in named]
    for name, found in read:
        keep(folder, name, found.answers)
        click.echo(f"{name}: {len(found.answers)} answers, {found.left_open} left open", err=True)
    section = Section("People as judges", parts_of(read_kept(folder), judged))
    click.echo(to_markdown(Document(f"Agreement in {folder.name}", [section])))


def _named(sheet: str) -> tuple[str, Path]:
    """Who filled in a sheet, and where it is."""
    name, equals, path = sheet.partition("=")
    if equals and not Path(sheet).exists():
        return name, Path(path)
    return Path(sheet).stem, Path(sheet)
