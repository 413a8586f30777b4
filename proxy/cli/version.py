"""`handrail version`."""

from importlib.metadata import version as installed

import click

from handrail.classifiers.assessor import default_model_folder
from handrail.classifiers.manifest import load_manifest
from handrail.policies.source import read_policy


@click.command()
def version() -> None:
    """Print the versions of handrail, of the model and of the policy."""
    manifest = load_manifest(default_model_folder())
    click.echo(f"handrail {installed('handrail')}, model {manifest.version}, policy {read_policy().hash}")
