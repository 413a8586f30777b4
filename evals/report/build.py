"""Build: a run's folder read, and its report, summary, figures and CSV written into it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from statsmodels.stats.inter_rater import cohens_kappa

from handrail.evals.people.agreement import people_parts
from handrail.evals.report.document import Document, Section, Table, Words, write_document
from handrail.evals.report.row import Row, read_rows, write_rows
from handrail.evals.report.sections import (
    appropriate_section,
    cost_section,
    drift_section,
    harmless_section,
    judges_section,
    label_of,
    mapping_section,
    recorded_section,
)
from handrail.evals.report.shares import values_of, where
from handrail.evals.report.stigma import free_text_section, stigma_section
from handrail.evals.running.estimate import listed_price
from handrail.evals.running.plan import read_facts

ANSWERS = "answers.csv"
_SECTIONS = {
    "appropriate": appropriate_section,
    "recorded": recorded_section,
    "stigma": stigma_section,
    "free_text": free_text_section,
    "drift": drift_section,
    "harmless": harmless_section,
    "mapping": mapping_section,
}


def build(folder: Path, prices: Mapping[str, tuple[float, float]] | None = None) -> Sequence[Row]:
    """Write report.html, summary.md, the figures and answers.csv; give the rows.

    Raises SettingsError where the folder holds no run, or a log's judge may not judge.
    """
    facts = read_facts(folder)
    rows = read_rows(folder / "logs")
    write_rows(rows, folder / ANSWERS)
    write_document(report_of(rows, facts, prices or {}, people_parts(folder)), folder)
    return rows


def report_of(
    rows: Sequence[Row],
    facts: Mapping[str, Any],
    prices: Mapping[str, tuple[float, float]],
    people: Sequence[Words | Table] = (),
) -> Document:
    """The report of some rows; `facts` is what the run's plan says of itself, `people` what people judged."""
    sections = [_head(rows, facts)]
    for name, section in _SECTIONS.items():
        judged = [r for r in where(rows, experiment=name) if not r.error]
        if judged:
            sections.append(section(judged))
    sections += [
        judges_section(rows, reliability(rows), people),
        cost_section(rows, {**_listed(rows), **prices}),
    ]
    return Document("handrail: the published experiments, unguarded and guarded", sections)


def reliability(rows: Sequence[Row]) -> Table | None:
    """Each model judge against gold labels: agreement, Cohen's kappa (1960), and missing answers."""
    table = []
    for judge in values_of(rows, "judge"):
        labelled = [r for r in where(rows, judge=judge) if r.gold is not None]
        both = [(r.well, r.gold) for r in labelled if r.well is not None]
        if both:
            agreed = sum(a == b for a, b in both) / len(both)
            table.append(
                [judge, str(len(labelled)), str(len(labelled) - len(both)), f"{agreed:.2f}", _kappa(both)]
            )
    return Table(["judge", "labelled replies", "no answer", "agreement", "kappa"], table) if table else None


def _kappa(pairs: Sequence[tuple[int | None, int | None]]) -> str:
    counts = [[sum((a, b) == (x, y) for a, b in pairs) for y in (0, 1)] for x in (0, 1)]
    one_sided = any(sum(row) == len(pairs) for row in (*counts, *zip(*counts, strict=True)))
    return "none" if one_sided else f"{cohens_kappa(counts, return_results=False):.2f}"


def _listed(rows: Sequence[Row]) -> dict[str, tuple[float, float]]:
    """The prices that Inspect's own list has of the targets."""
    found = {target: listed_price(target) for target in values_of(rows, "target")}
    return {target: price for target, price in found.items() if price}


def _head(rows: Sequence[Row], facts: Mapping[str, Any]) -> Section:
    return Section(
        "What this is",
        [
            Words(
                "The experiments of Moore et al. (FAccT 2025), in words of our own, on chatbots as they "
                "are and on the same chatbots behind handrail, met over HTTP."
            ),
            Words(label_of(rows)),
            Words(
                "What a guard lets through is not thereby good therapy: the checks ask for the least that "
                "safety needs."
            ),
            Table(["run", ""], [[name, _shown(value)] for name, value in facts.items() if value is not None]),
        ],
    )


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
