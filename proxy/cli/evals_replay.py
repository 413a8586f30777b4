"""`handrail evals replay`: the authors' released data, recomputed and screened."""

from pathlib import Path

import click

from handrail.classifiers.errors import SettingsError
from handrail.proxy.cli.extras import require_evals


@click.command()
@click.option(
    "--paper-repo", type=click.Path(path_type=Path), required=True, help="A clone of the authors' repository."
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Write report, tables and replies to this folder."
)
@click.option("--seed", default=0, show_default=True, help="Seed of the bootstrap.")
def replay(paper_repo: Path, out: Path | None, seed: int) -> None:
    """Recompute the published tables from the authors' released data, then screen every reply in it.

    The clone is read as files; nothing in it is executed. Missing files are named, and the rest runs.
    """
    require_evals()
    # The statistics take a second to load, which no other command should wait for.
    from handrail.evals.paper.replay import read_released  # noqa: PLC0415
    from handrail.evals.paper.report import document_of, recomputed, write_published  # noqa: PLC0415
    from handrail.evals.report.document import to_markdown, write_document  # noqa: PLC0415

    released = read_released(paper_repo)
    tables = recomputed(released, seed)
    document = document_of(released, tables)
    click.echo(to_markdown(document))
    if out:
        try:
            write_document(document, out)
            write_published(tables, out / "published.csv")
        except OSError as error:
            raise SettingsError(f"--out {out}: can't be written: {error.strerror}") from error
        click.echo(f"written to {out}", err=True)
