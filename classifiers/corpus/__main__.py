"""`python -m handrail.classifiers.corpus`: check the corpus and print what it covers."""

import click

from handrail.classifiers.corpus.coverage import coverage_table
from handrail.classifiers.corpus.rows import read_corpus


@click.command()
def main() -> None:
    """Check every row; print the coverage table that docs/coverage.md shows."""
    click.echo(coverage_table(read_corpus()), nl=False)


if __name__ == "__main__":
    main()
