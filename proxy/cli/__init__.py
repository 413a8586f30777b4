"""The `handrail` command line: one file a command."""

import sys

import click

from handrail.classifiers.errors import HandrailError
from handrail.proxy.cli.calibrate import calibrate
from handrail.proxy.cli.demo import demo
from handrail.proxy.cli.doctor import doctor
from handrail.proxy.cli.evals import evals
from handrail.proxy.cli.journal import journal
from handrail.proxy.cli.policy import policy
from handrail.proxy.cli.resources import resources
from handrail.proxy.cli.review import review
from handrail.proxy.cli.screen import screen
from handrail.proxy.cli.serve import serve
from handrail.proxy.cli.texts import texts
from handrail.proxy.cli.version import version


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Read every reply of a chatbot before a person in distress does."""


for _command in (
    serve,
    demo,
    screen,
    calibrate,
    policy,
    texts,
    resources,
    journal,
    review,
    doctor,
    evals,
    version,
):
    cli.add_command(_command)


def main() -> None:
    """Run the command line; what is wrong is said in one line, with exit status 2."""
    try:
        cli(prog_name="handrail")
    except HandrailError as error:
        click.echo(f"handrail: {error}", err=True)
        sys.exit(2)
