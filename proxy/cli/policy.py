"""`handrail policy`: check and test policies."""

import sys
from pathlib import Path

import click

from handrail.classifiers.assessor import Assessor
from handrail.policies.difference import difference
from handrail.policies.examples import run_examples
from handrail.policies.explain import explain_policy
from handrail.policies.languages import read_languages
from handrail.policies.load import load_decider
from handrail.policies.policy import Policy
from handrail.policies.schema import written
from handrail.policies.source import DEFAULT, default_policy_path, read_policy, read_source
from handrail.proxy.cli.replay import explain, replay


@click.group()
def policy() -> None:
    """Check and test policies."""


@policy.command()
@click.argument("file", type=click.Path(path_type=Path), default=default_policy_path)
def check(file: Path) -> None:
    """Validate FILE (default: the shipped policy) and say in plain sentences what it does.

    Of a policy that extends another, how it differs from that is said too.
    """
    source = read_source(file)
    read_languages().require(source.policy.texts, source.policy.guidance)
    click.echo(explain_policy(source.policy))
    if source.parent is not None:
        click.echo(f"\nExtends {source.parent.name} ({source.parent.hash}):")
        _print_difference(source.parent, source.policy)


@policy.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
def diff(old: Path, new: Path) -> None:
    """Print in what the policy NEW differs from OLD ("default" is the shipped one); status 1 if it does."""
    before, after = (read_policy(None if str(path) == DEFAULT else path) for path in (old, new))
    click.echo(f"{before.name} ({before.hash}) -> {after.name} ({after.hash})")
    sys.exit(1 if _print_difference(before, after) else 0)


@policy.command()
def schema() -> None:
    """Print the JSON Schema of policies, for an editor that checks while you write."""
    click.echo(written(), nl=False)


@policy.command()
@click.argument("file", type=click.Path(path_type=Path), default=default_policy_path)
@click.option("--model", "model_path", type=click.Path(path_type=Path), help="Model folder (default: ours).")
def test(file: Path, model_path: Path | None) -> None:
    """Run the examples of FILE's rules through the real model. Exit status 1 if one is judged otherwise."""
    assessor = Assessor.load(model_path)
    outcomes = run_examples(load_decider(assessor.manifest.levels, file), assessor)
    for outcome in outcomes:
        expected = "fires" if outcome.expected else "does not fire"
        mark = "ok  " if outcome.passed else "FAIL"
        click.echo(f"{mark} {outcome.rule} example {outcome.number}: {expected}")
    wrong = sum(not outcome.passed for outcome in outcomes)
    click.echo(
        f"{len(outcomes) - wrong} of {len(outcomes)} examples judged as written, model {assessor.version}"
    )
    sys.exit(1 if wrong else 0)


for _command in (explain, replay):
    policy.add_command(_command)


def _print_difference(old: Policy, new: Policy) -> bool:
    lines = difference(old, new)
    click.echo("\n".join(lines) if lines else "no difference")
    return bool(lines)
