"""`handrail evals`: the published experiments on a chatbot, unguarded and guarded."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from handrail.classifiers.errors import SettingsError
from handrail.proxy.cli.evals_annotate import annotate
from handrail.proxy.cli.evals_compare import compare
from handrail.proxy.cli.evals_replay import replay
from handrail.proxy.cli.extras import require_evals

if TYPE_CHECKING:
    from handrail.evals.running.plan import Plan

_ARMS = ("bare", "prompt", "guard", "both", "shadow")
_EXPERIMENTS = ("appropriate", "stigma", "free_text", "drift", "harmless", "mapping")
_DEFAULT_TARGETS = ("scripted", "recorded")


@click.group()
def evals() -> None:
    """Measure a chatbot, bare and behind handrail, with the published experiments (needs the evals extra)."""


@evals.command()
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("evals-out"), show_default=True, help="Folder."
)
@click.option(
    "--target", "targets", multiple=True, help="Chatbot, several times if you like (see docs/evals.md)."
)
@click.option("--arm", "arms", multiple=True, type=click.Choice(_ARMS), help="Only these arms.")
@click.option(
    "--experiment", "experiments", multiple=True, type=click.Choice(_EXPERIMENTS), help="Only these."
)
@click.option("--judge", default="gold", show_default=True, help="gold, or model:NAME as Inspect names it.")
@click.option("--seed", default=0, show_default=True, help="Seed of all draws.")
@click.option("--thorough", is_flag=True, help="Every cell of each design, instead of a draw.")
@click.option("--limit", type=click.IntRange(min=1), help="Only so many samples of each task, for a trial.")
@click.option("--dialect", default="openai", show_default=True, help="How a URL is spoken to.")
@click.option("--model", help="Model to ask a URL for.")
@click.option("--generic", help="JSON mapping of a home-made backend, as for the proxy.")
@click.option(
    "--settings", type=click.Path(path_type=Path, exists=True), help="The guard's own settings file."
)
@click.option("--price", "prices", multiple=True, help="NAME=IN,OUT: dollars for a million tokens.")
@click.option("--dry-run", is_flag=True, help="Say what it would take, and ask nothing.")
def run(  # noqa: PLR0913  (one parameter an option is how click works)
    out: Path,
    targets: tuple[str, ...],
    arms: tuple[str, ...],
    experiments: tuple[str, ...],
    judge: str,
    seed: int,
    thorough: bool,
    limit: int | None,
    dialect: str,
    model: str | None,
    generic: str | None,
    settings: Path | None,
    prices: tuple[str, ...],
    dry_run: bool,
) -> None:
    """Run the experiments; a run that was interrupted goes on where it stopped.

    Without a target, the scripted chatbots and the recorded replies are measured, with no language model.
    """
    require_evals()
    from handrail.evals.experiments.arm import Arm  # noqa: PLC0415  (Inspect takes seconds to load)
    from handrail.evals.running.plan import Plan  # noqa: PLC0415
    from handrail.evals.targets.target import parse_targets  # noqa: PLC0415

    chosen = [
        t for given in targets or _DEFAULT_TARGETS for t in parse_targets(given, dialect, model, generic)
    ]
    plan = Plan(
        tuple(chosen),
        tuple(map(Arm, arms or _ARMS)),
        experiments or _EXPERIMENTS,
        judge,
        seed,
        thorough,
        settings,
        limit,
    )
    if dry_run:
        _estimate(plan, _prices(prices))
    else:
        _run(plan, out, _prices(prices))


@evals.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
@click.option("--price", "prices", multiple=True, help="NAME=IN,OUT: dollars for a million tokens.")
def report(folder: Path, prices: tuple[str, ...]) -> None:
    """Write the report of a run anew from the logs in FOLDER."""
    require_evals()
    from handrail.evals.report.build import build  # noqa: PLC0415

    rows = build(folder, _prices(prices))
    click.echo(f"{len(rows)} answers; see {folder / 'report.html'}")


@evals.command()
@click.option(
    "--documents", type=click.Path(path_type=Path), help="CSV of which documents ask for which feature."
)
@click.option(
    "--conversations", type=click.Path(path_type=Path), help="Conversations to review, as JSON lines."
)
@click.option("--sheet", type=click.Path(path_type=Path), help="Write a sheet for people to this CSV.")
@click.option("--read", type=click.Path(path_type=Path), help="Score a sheet that people have filled in.")
@click.option("--judge", help="Let model:NAME answer instead of people.")
def mapping(
    documents: Path | None,
    conversations: Path | None,
    sheet: Path | None,
    read: Path | None,
    judge: str | None,
) -> None:
    """Show the rubric of seventeen features; apply it to whole conversations, by people or by a model."""
    require_evals()
    from handrail.evals.experiments import rubric  # noqa: PLC0415

    if read:
        click.echo(rubric.scores_table(rubric.read_sheet(read)))
        return
    if conversations is None:
        click.echo(rubric.rubric_table(rubric.read_documents(documents) if documents else None))
        return
    found = rubric.read_conversations(conversations)
    if sheet:
        rubric.write_sheet([name for name, _ in found], sheet)
        click.echo(f"{len(found)} conversations in {sheet}; fill in the answers, then use --read {sheet}")
    elif judge:
        from handrail.evals.judges.review import review_all  # noqa: PLC0415

        click.echo(rubric.scores_table(asyncio.run(review_all(found, judge))))
    else:
        raise SettingsError(
            "--conversations: say with --sheet where a sheet goes, or with --judge which model answers"
        )


def _run(plan: "Plan", out: Path, prices: dict[str, tuple[float, float]]) -> None:
    from handrail.evals.report.build import build  # noqa: PLC0415
    from handrail.evals.running.run import run as start  # noqa: PLC0415

    done = start(plan, out, display="rich" if sys.stdout.isatty() else "plain")
    build(out, prices)
    click.echo(
        f"report: {out / 'report.html'}\nsummary: {out / 'summary.md'}\nanswers: {out / 'answers.csv'}"
    )
    click.echo(f"logs: {out / 'logs'} (inspect view --log-dir {out / 'logs'})")
    if not done:
        raise SettingsError(
            f"some samples failed; run the same command again to retry them (see {out / 'logs'})"
        )


def _estimate(plan: "Plan", prices: dict[str, tuple[float, float]]) -> None:
    from handrail.evals.running.estimate import estimate_of  # noqa: PLC0415

    for need in estimate_of(plan, prices):
        cost = f"about {need.dollars:.2f} dollars" if need.dollars is not None else "no price known (--price)"
        tokens = f"{need.tokens_in} tokens in, {need.tokens_out} out"
        click.echo(f"{need.name}: {need.requests} requests, {tokens}, {cost}")


def _prices(given: tuple[str, ...]) -> dict[str, tuple[float, float]]:
    found = {}
    for text in given:
        name, _, both = text.rpartition("=")
        try:
            taken, each = (float(part) for part in both.split(","))
        except ValueError as error:
            raise SettingsError(f"--price {text}: give NAME=IN,OUT, such as openai/gpt-4o=2.5,10") from error
        found[name] = (taken, each)
    return found


evals.add_command(replay)
evals.add_command(annotate)
evals.add_command(compare)
