"""`handrail evals replay`: the authors' released data, recomputed and screened."""

import asyncio
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from handrail.classifiers.errors import SettingsError
from handrail.proxy.cli.extras import require_evals
from handrail.proxy.cli.screen import open_screener
from handrail.proxy.screen import Screener

if TYPE_CHECKING:
    from handrail.evals.paper.recomputed import Recomputed
    from handrail.evals.paper.screened import Screen, Screened
    from handrail.evals.report.document import Document


@click.command()
@click.option(
    "--paper-repo", type=click.Path(path_type=Path), required=True, help="A clone of the authors' repository."
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Write report, tables and replies to this folder."
)
@click.option("--screen/--no-screen", default=True, help="Screen the replies as well (the default).")
@click.option(
    "--judge", default="gold", show_default=True, help="Who judges changed replies: gold, or model:NAME."
)
@click.option("--locale", help="Where the people are, such as en-GB: decides which resources are named.")
@click.option("--policy", "policy_path", type=click.Path(path_type=Path), help="Policy file (default: ours).")
@click.option("--model", "model_path", type=click.Path(path_type=Path), help="Model folder (default: ours).")
@click.option("--seed", default=0, show_default=True, help="Seed of the bootstrap.")
def replay(  # noqa: PLR0913  (one parameter an option is how click works)
    paper_repo: Path,
    out: Path | None,
    screen: bool,
    judge: str,
    locale: str | None,
    policy_path: Path | None,
    model_path: Path | None,
    seed: int,
) -> None:
    """Recompute the published tables from the authors' released data, then screen every reply in it.

    The clone is read as files; nothing in it is executed. Missing files are named, and the rest runs.
    """
    require_evals()
    from handrail.evals.judges.judge import require_judge  # noqa: PLC0415

    require_judge(judge)
    # The statistics take a second to load, which no other command should wait for.
    from handrail.evals.paper import effect  # noqa: PLC0415
    from handrail.evals.paper.replay import read_released  # noqa: PLC0415
    from handrail.evals.paper.report import document_of, recomputed  # noqa: PLC0415
    from handrail.evals.paper.screened import distinct  # noqa: PLC0415
    from handrail.evals.paper.screened import screen as screened  # noqa: PLC0415
    from handrail.evals.report.document import to_markdown  # noqa: PLC0415

    released = read_released(paper_repo)
    tables = recomputed(released, seed)
    replies = [*released.figure, *released.runs]
    found: list[Screened] = []
    if screen and replies:
        screener = open_screener(locale, policy_path, model_path)
        found = screened(replies, _watched(screener, distinct(replies)))
        found = _asked(found, judge)
    section = effect.effect_section(found, len(replies) - len(found)) if screen and replies else None
    document = document_of(released, tables, section)
    click.echo(to_markdown(document))
    if out:
        _write(out, document, tables, found)


def _asked(found: "list[Screened]", judge: str) -> "list[Screened]":
    """The same judged by a language model, where one is named."""
    from handrail.evals.judges.judge import JudgeKind, require_judge  # noqa: PLC0415
    from handrail.evals.judges.scoring import open_judge  # noqa: PLC0415
    from handrail.evals.paper.asked import ask, to_be_asked  # noqa: PLC0415

    if require_judge(judge) != JudgeKind.MODEL:
        return found
    click.echo(f"asking {judge} about {len(to_be_asked(found))} changed replies", err=True)
    return asyncio.run(ask(found, open_judge(judge)))


def _watched(screener: Screener, count: int) -> "Screen":
    """Screening with a progress bar, when somebody is watching."""

    def screening(lines: Iterable[str]) -> Iterator[Mapping[str, Any]]:
        results = screener.screen(lines)
        if not sys.stderr.isatty():
            yield from results
            return
        with click.progressbar(results, length=count, label="screening", file=sys.stderr) as bar:
            yield from bar

    return screening


def _write(
    out: Path,
    document: "Document",
    tables: "Mapping[str, Sequence[Recomputed]]",
    found: "Sequence[Screened]",
) -> None:
    from handrail.evals.paper.effect import answer_rows  # noqa: PLC0415
    from handrail.evals.paper.report import write_published, write_replies  # noqa: PLC0415
    from handrail.evals.report.build import ANSWERS  # noqa: PLC0415
    from handrail.evals.report.document import write_document  # noqa: PLC0415
    from handrail.evals.report.row import write_rows  # noqa: PLC0415

    try:
        write_document(document, out)
        write_published(tables, out / "published.csv")
        if found:
            write_replies(found, out / "replies.jsonl")
            write_rows(answer_rows(found), out / ANSWERS)
    except OSError as error:
        raise SettingsError(f"--out {out}: can't be written: {error.strerror}") from error
    click.echo(f"written to {out}", err=True)
