"""`handrail policy`: check and test policies."""

import sys
from pathlib import Path

import click

from handrail.classifiers.assessor import Assessor
from handrail.policies.examples import run_examples
from handrail.policies.explain import explain_policy
from handrail.policies.languages import read_languages
from handrail.policies.load import load_decider
from handrail.policies.policy import default_policy_path, read_policy


@click.group()
def policy() -> None:
    """Check and test policies."""


@policy.command()
@click.argument("file", type=click.Path(path_type=Path), default=default_policy_path)
def check(file: Path) -> None:
    """Validate FILE (default: the shipped policy) and say in plain sentences what it does."""
    read = read_policy(file)
    read_languages().require(read.texts, read.guidance)
    click.echo(explain_policy(read))


@policy.command()
@click.argument("file", type=click.Path(path_type=Path), default=default_policy_path)
@click.option("--model", "model_path", type=click.Path(path_type=Path), help="Model folder (default: ours).")
def test(file: Path, model_path: Path | None) -> None:
    """Run the examples of FILE's rules through the real model. Exit status 1 if one is judged otherwise."""
    assessor = Assessor.load(model_path)
    outcomes = run_examples(load_decider(assessor.manifest.thresholds, file), assessor)
    for outcome in outcomes:
        expected = "fires" if outcome.expected else "does not fire"
        mark = "ok  " if outcome.passed else "FAIL"
        click.echo(f"{mark} {outcome.rule} example {outcome.number}: {expected}")
    wrong = sum(not outcome.passed for outcome in outcomes)
    click.echo(
        f"{len(outcomes) - wrong} of {len(outcomes)} examples judged as written, model {assessor.version}"
    )
    sys.exit(1 if wrong else 0)
