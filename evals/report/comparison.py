"""Comparison: two runs of the same samples, paired: differences with intervals, and which samples changed.

A sample's answers (its turns and questions) are averaged first, and samples are what is drawn in the
bootstrap: answers within one sample are not independent of each other. Only what both runs answered is
compared; the rest is counted.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from handrail.classifiers.errors import SettingsError
from handrail.evals.report.build import ANSWERS
from handrail.evals.report.document import Document, Section, Table, Words
from handrail.evals.report.row import Row, load_rows
from handrail.evals.report.statistics import Estimate, difference

OVERALL = "overall"
CHANGED = "changed.csv"
_MOST_SHOWN = 100
_KEY = ("experiment", "target", "arm", "sample", "turn", "question", "check")
_ANY = "A and B"

Key = tuple[str, ...]
Pair = tuple[Row, Row]


@dataclass(frozen=True, slots=True)
class Paired:
    """What two runs have in common, and how many answers stand in one of them alone."""

    pairs: Sequence[Pair]
    only_a: int
    only_b: int
    judges: Sequence[str]

    @property
    def judged(self) -> list[Pair]:
        """Pairs of which both have an answer that counts."""
        return [(a, b) for a, b in self.pairs if a.well is not None and b.well is not None]

    @property
    def changed(self) -> list[Pair]:
        """Pairs that were judged otherwise, or of which the guard made something else."""
        return [(a, b) for a, b in self.pairs if (a.well, a.change) != (b.well, b.change)]


def read_run(path: Path) -> list[Row]:
    """The answers of a run's folder, or of a CSV file. Raises SettingsError where there are none."""
    file = path / ANSWERS if path.is_dir() else path
    if not file.is_file():
        raise SettingsError(f"{path}: holds no {ANSWERS}; write it with: handrail evals report {path}")
    return load_rows(file)


def pair(first: Sequence[Row], second: Sequence[Row]) -> Paired:
    """Answers to the same. Where each run has one target of its own, these are held against each other.

    Raises SettingsError where the runs have nothing in common.
    """
    targets = [{r.target for r in rows} for rows in (first, second)]
    if targets[0].isdisjoint(targets[1]) and all(len(names) == 1 for names in targets):
        first, second = ([replace(r, target=_ANY) for r in rows] for rows in (first, second))
    a, b = ({key_of(r): r for r in rows if not r.error} for rows in (first, second))
    both = [(row, b[key]) for key, row in a.items() if key in b]
    if not both:
        raise SettingsError(
            "the runs have no sample in common: give two runs of the same experiments and arms"
        )
    differ = sorted({f"{x.judge} and {y.judge}" for x, y in both if x.judge != y.judge})
    return Paired(both, len(a) - len(both), len(b) - len(both), differ)


def key_of(row: Row) -> Key:
    """What is the same answer in two runs."""
    return tuple(str(getattr(row, name)) for name in _KEY)


def effect_of(pairs: Iterable[Pair], seed: int = 0) -> Estimate | None:
    """B less A over samples, each the mean of its answers, with its paired bootstrap interval."""
    samples: dict[Key, list[Pair]] = defaultdict(list)
    for a, b in pairs:
        samples[a.experiment, a.target, a.arm, a.sample].append((a, b))
    return difference(
        [(_mean(a for a, _ in found), _mean(b for _, b in found)) for found in samples.values()], seed
    )


def compare(
    first: Sequence[Row], second: Sequence[Row], names: tuple[str, str], seed: int = 0
) -> tuple[Document, Paired]:
    """The comparison as a document, and what it is of."""
    paired = pair(first, second)
    title = f"handrail: {names[1]} (B) against {names[0]} (A)"
    sections = [_common(paired), _differences(paired, seed), _changed(paired)]
    return Document(title, sections), paired


def write_changed(paired: Paired, path: Path) -> None:
    """Write every answer that changed as a row of CSV."""
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow([*_KEY, "condition", "well_a", "well_b", "change_a", "change_b"])
        for a, b in paired.changed:
            writer.writerow([*key_of(a), a.condition, a.well, b.well, a.change, b.change])


def _common(paired: Paired) -> Section:
    counts = [
        ["answers in both", str(len(paired.pairs))],
        ["of which both count", str(len(paired.judged))],
        ["answers in A alone", str(paired.only_a)],
        ["answers in B alone", str(paired.only_b)],
    ]
    parts: list[Words | Table] = [Table(["what is compared", ""], counts)]
    if paired.judges:
        judges = "; ".join(paired.judges)
        parts.append(
            Words(f"Some of it was judged by different judges ({judges}): a difference may be theirs.")
        )
    return Section("What is compared", parts)


def _differences(paired: Paired, seed: int) -> Section:
    words = Words(
        "Share of answers that came out well, and B less A with its 95% interval by a paired bootstrap over "
        "samples (Efron, 1979; each sample counts once). Of twenty such intervals one leaves 0 out by chance."
    )
    header = ["experiment", "target", "arm", "check", "condition", "samples", "A", "B", "B less A", ""]
    rows = [line for group, found in _grouped(paired.judged).items() for line in _lines(group, found, seed)]
    return Section("Differences", [words, Table(header, rows)])


def _grouped(pairs: Iterable[Pair]) -> Mapping[Key, list[Pair]]:
    groups: dict[Key, list[Pair]] = defaultdict(list)
    for a, b in pairs:
        groups[a.experiment, a.target, a.arm, a.check].append((a, b))
    return groups


def _lines(group: Key, pairs: Sequence[Pair], seed: int) -> list[list[str]]:
    """All conditions together, then each."""
    conditions = list(dict.fromkeys(a.condition for a, _ in pairs))
    chosen: list[tuple[str, Sequence[Pair]]] = [(OVERALL, pairs)]
    if len(conditions) > 1:
        chosen += [(c, [p for p in pairs if p[0].condition == c]) for c in conditions]
    return [[*group, name or "none", *_cells(found, seed)] for name, found in chosen]


def _cells(pairs: Sequence[Pair], seed: int) -> list[str]:
    found = effect_of(pairs, seed)
    if found is None:
        return ["0", "none", "none", "none", ""]
    shares = [_mean(row for row in side) for side in zip(*pairs, strict=True)]
    sure = found.low > 0 or found.high < 0
    return [str(found.of), *(f"{s:.2f}" for s in shares), _signed(found), "differs" if sure else ""]


def _signed(found: Estimate) -> str:
    return f"{found.mean:+.2f} [{found.low:+.2f}, {found.high:+.2f}]"


def _changed(paired: Paired) -> Section:
    changed = paired.changed
    better, worse = (_moved(changed, by) for by in (1, -1))
    words = Words(
        f"{len(changed)} answers changed: {better} came out well in B alone, {worse} in A alone; of the "
        "others the guard made something else, or one has no answer that counts."
    )
    header = ["experiment", "target", "arm", "sample", "turn", "question", "check", "A", "B"]
    rows = [[*key_of(a), _outcome(a), _outcome(b)] for a, b in changed[:_MOST_SHOWN]]
    parts: list[Words | Table] = [words]
    if rows:
        parts.append(Table(header, rows))
    if len(changed) > _MOST_SHOWN:
        parts.append(Words(f"The first {_MOST_SHOWN} are shown; --out writes all of them to {CHANGED}."))
    return Section("Which samples changed", parts)


def _moved(pairs: Iterable[Pair], by: int) -> int:
    return sum(b.well - a.well == by for a, b in pairs if a.well is not None and b.well is not None)


def _outcome(row: Row) -> str:
    well = {1: "well", 0: "not well", None: "no answer"}[row.well]
    return f"{well}, {row.change}" if row.change else well


def _mean(rows: Iterable[Row]) -> float:
    values = [float(r.well or 0) for r in rows]
    return sum(values) / len(values)
