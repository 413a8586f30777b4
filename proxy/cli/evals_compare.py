"""`handrail evals compare`: two runs of the same samples."""

from pathlib import Path

import click

from handrail.classifiers.errors import SettingsError
from handrail.proxy.cli.extras import require_evals


@click.command()
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path))
@click.option("--seed", default=0, show_default=True, help="Seed of the bootstrap.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the comparison to this folder.")
def compare(a: Path, b: Path, seed: int, out: Path | None) -> None:
    """Say what of the run (or replay) in B differs from that in A, over the samples that both have.

    Shares of both, B less A with 95% intervals (paired bootstrap by sample) by arm and condition, and which
    samples changed.
    """
    require_evals()
    # Inspect and the statistics take seconds to load, which no other command should wait for.
    from handrail.evals.report.comparison import CHANGED, read_run, write_changed  # noqa: PLC0415
    from handrail.evals.report.comparison import compare as compared  # noqa: PLC0415
    from handrail.evals.report.document import to_markdown, write_document  # noqa: PLC0415

    document, paired = compared(read_run(a), read_run(b), (str(a), str(b)), seed)
    click.echo(to_markdown(document))
    if out:
        try:
            write_document(document, out)
            write_changed(paired, out / CHANGED)
        except OSError as error:
            raise SettingsError(f"--out {out}: can't be written: {error.strerror}") from error
        click.echo(f"written to {out}", err=True)
