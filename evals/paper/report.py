"""Report: what a clone gives, as a document, and as CSV for whoever wants to count again."""

import csv
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from sklearn.metrics import cohen_kappa_score

from handrail.evals.paper import answers as stigma
from handrail.evals.paper import responses as replies
from handrail.evals.paper.answers import Answer, scores
from handrail.evals.paper.recomputed import OVERALL, Recomputed, appropriate_table, stigma_table
from handrail.evals.paper.replay import Released
from handrail.evals.paper.responses import PEOPLE, Response
from handrail.evals.paper.screened import Screened
from handrail.evals.report.document import Document, Section, Table, Words
from handrail.evals.report.published import Figures, Published, read_published
from handrail.evals.report.statistics import Estimate, estimate

TITLE = "handrail: the authors' released answers and replies, recomputed and screened"
PUBLISHED = "published.csv"
Parts = list[Words | Table]


def recomputed(released: Released, seed: int = 0) -> dict[str, list[Recomputed]]:
    """Both published tables, by experiment."""
    published = read_published()
    return {
        "stigma": stigma_table(released.stigma_figure, published.stigma, seed),
        "appropriate": appropriate_table(released.figure, published.appropriate, seed),
    }


def document_of(
    released: Released, tables: Mapping[str, Sequence[Recomputed]], effect: Section | None = None
) -> Document:
    """What was read, the published tables beside what the clone gives, and what the guard changed."""
    sections = [
        _read(released),
        _stigma(released, tables["stigma"], read_published()),
        _appropriate(released, tables["appropriate"]),
    ]
    return Document(TITLE, [*sections, effect] if effect else sections)


def write_replies(found: Sequence[Screened], path: Path) -> None:
    """Write each screened reply with its words, one JSON object a line."""
    with path.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(_told(s), ensure_ascii=True) + "\n" for s in found)


def _told(screened: Screened) -> dict[str, object]:
    about = asdict(screened.response)
    more = {"change": screened.change, "delivered": screened.delivered, "rules": screened.rules}
    return {**about, **more, "guarded": screened.guarded, "guarded_by": screened.judge}


def write_published(tables: Mapping[str, Sequence[Recomputed]], path: Path) -> None:
    """Write each recomputed figure as a row of CSV."""
    names = [
        "experiment",
        "who",
        "condition",
        "published",
        "found",
        "low",
        "high",
        "of",
        "missing",
        "same",
        "why",
    ]
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, names, extrasaction="ignore")
        writer.writeheader()
        for experiment, cells in tables.items():
            writer.writerows({"experiment": experiment, **_values(cell)} for cell in cells)


def _values(cell: Recomputed) -> dict[str, object]:
    found = cell.found
    known = {"found": found.mean, "low": found.low, "high": found.high} if found else {"found": None}
    rounded = {name: None if v is None else round(v, 4) for name, v in known.items()}
    return {**asdict(cell), **rounded, "same": cell.same}


def _read(released: Released) -> Section:
    empty = sum(r.empty for r in released.figure)
    people = sum(r.judge == PEOPLE for r in released.figure)
    judged = [float(r.appropriate) for r in released.figure if r.appropriate is not None]
    table = Table(
        ["what was read", "count"],
        [
            ["answers behind the figure on stigma", str(len(released.stigma_figure))],
            ["answers in runs of experiment 1", str(len(released.stigma_runs))],
            ["replies behind the figure on appropriate responses", str(len(released.figure))],
            ["... of which people judged", str(people)],
            ["... of which are empty", str(empty)],
            ["... of which are appropriate", f"{sum(judged):.0f} ({_percent(judged)})"],
            ["replies in runs of experiment 2", str(len(released.runs))],
        ],
    )
    parts: Parts = [
        Words("A clone of the authors' repository, read as files. Nothing in it was executed."),
        table,
    ]
    if released.figure:
        parts += [Words("Who is who in the figure on appropriate responses:"), _who(released.figure)]
    if released.notes:
        parts += [
            Words("Missing or odd:"),
            Table(["file", "what"], [n.split(": ", 1) for n in released.notes]),
        ]
    return Section("What was read", parts)


def _who(figure: Sequence[Response]) -> Table:
    """What the clone calls a participant, and what the report does."""
    counts = Counter((r.called, r.participant) for r in figure)
    return Table(["in the clone", "here", "replies"], [[*names, str(n)] for names, n in counts.items()])


def _percent(values: Sequence[float]) -> str:
    return f"{100 * sum(values) / len(values):.1f}%" if values else "none judged"


def _stigma(released: Released, cells: Sequence[Recomputed], published: Published) -> Section:
    parts: Parts = [
        Words(
            "Mean stigma, safety prompt on, with 95% bootstrap intervals over answers. " + _agreement(cells)
        ),
        _beside(cells, (*stigma.CONDITIONS, OVERALL)),
        *_differences(cells),
        Words("By question, beside the U.S. General Social Survey of 2018:"),
        _by_question(released.stigma_figure, published.people),
    ]
    if released.stigma_runs:
        parts += [Words("Every run:"), _by_run(released.stigma_runs)]
    return Section("Experiment 1: stigma", parts)


def _appropriate(released: Released, cells: Sequence[Recomputed]) -> Section:
    parts: Parts = [
        Words(
            "Share of appropriate replies, safety prompt on, with 95% bootstrap intervals over replies. "
            + _agreement(cells)
        ),
        _beside(cells, (OVERALL, *replies.CONDITIONS)),
        *_differences(cells),
    ]
    both = [r for r in (*released.figure, *released.runs) if None not in {r.by_people, r.appropriate}]
    if both:
        parts += [Words("Replies that a model and people judged:"), _judges(both)]
    return Section("Experiment 2: appropriate responses", parts)


def _agreement(cells: Sequence[Recomputed]) -> str:
    compared = [c for c in cells if c.same is not None]
    same = sum(c.same is True for c in compared)
    return f"{same} of {len(compared)} published figures are the same to the second decimal."


def _beside(cells: Sequence[Recomputed], columns: Sequence[str]) -> Table:
    """Two lines for everyone: the published figures, and those of the clone."""
    rows = []
    by = {(c.who, c.condition): c for c in cells}
    for who in dict.fromkeys(c.who for c in cells):
        mine = [by.get((who, column)) for column in columns]
        figures = [c.published if c else None for c in mine]
        if any(f is not None for f in figures):
            rows.append([who, "published", "", *("none" if f is None else f"{f:.2f}" for f in figures)])
        whole = by.get((who, OVERALL))
        counted = f"{whole.of} of {whole.of + whole.missing}" if whole else ""
        rows.append([who, "clone", counted, *(shown(c.found if c else None) for c in mine)])
    return Table(["who", "from", "counted overall", *(c.replace("_", " ") for c in columns)], rows)


def _differences(cells: Sequence[Recomputed]) -> Parts:
    differ = [c for c in cells if c.same is False]
    absent = {
        who for who in {c.who for c in cells} if not any(c.of + c.missing for c in cells if c.who == who)
    }
    rows = [[who, "all", "", "none", "nobody of this name in the clone"] for who in sorted(absent)]
    rows += [
        [c.who, c.condition, f"{c.published:.2f}", f"{c.found.mean:.4f}" if c.found else "none", c.why]
        for c in differ
        if c.who not in absent
    ]
    head = ["who", "condition", "published", "clone", "why"]
    return [Words("Where they differ, and why:"), Table(head, rows)] if rows else []


def _by_question(found: Sequence[Answer], people: Figures) -> Table:
    rows = []
    for question in stigma.SCORED:
        known = people.get(question, {})
        rows.append(
            [
                question,
                "people, 2018",
                *(f"{known[c]:.2f}" if c in known else "none" for c in stigma.CONDITIONS),
            ]
        )
        for model in dict.fromkeys(a.model for a in found):
            mine = [scores(found, model=model, question=question, condition=c) for c in stigma.CONDITIONS]
            rows.append([question, model, *(shown(estimate(values)) for values in mine)])
    return Table(["question", "who", *stigma.CONDITIONS], rows)


def _by_run(found: Sequence[Answer]) -> Table:
    rows = []
    for model, prompted in dict.fromkeys((a.model, a.prompted) for a in found):
        chosen = [a for a in found if (a.model, a.prompted) == (model, prompted)]
        mine = [estimate(scores(chosen, condition=c)) for c in stigma.CONDITIONS]
        rows.append([model, {True: "on", False: "off", None: "unknown"}[prompted], *map(shown, mine)])
    return Table(["model", "safety prompt", *stigma.CONDITIONS], rows)


def _judges(both: Sequence[Response]) -> Table:
    """Agreement and Cohen's kappa (1960) of the released judgements of people and of a model."""
    rows = []
    for judge in dict.fromkeys(r.judge for r in both):
        mine = [(bool(r.appropriate), bool(r.by_people)) for r in both if r.judge == judge]
        agreed = sum(a == b for a, b in mine) / len(mine)
        varied = len({a for a, _ in mine}) > 1 or len({b for _, b in mine}) > 1
        kappa = f"{cohen_kappa_score(*zip(*mine, strict=True)):.2f}" if varied else "none"
        rows.append([judge, str(len(mine)), f"{agreed:.2f}", kappa])
    return Table(["judge", "replies", "agreement with people", "kappa"], rows)


def shown(found: Estimate | None) -> str:
    """An estimate for a table."""
    return "none" if found is None else str(found)
