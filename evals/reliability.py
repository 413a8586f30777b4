"""Reliability: how often what the model calls probable is true, drawn for every label.

`python -m handrail.evals.reliability docs/reliability.svg` reads the test split with the shipped model. A
calibrated label lies on the diagonal; the size of a point is how many readings it stands for.
"""

from collections.abc import Mapping
from pathlib import Path

import click
import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.calibration import Cases, expected_calibration_error, reliability, score
from handrail.classifiers.corpus.rows import read_corpus

_COLUMNS = 6
_INCHES = 1.9


def draw(cases: Mapping[str, Cases]) -> Figure:
    """One small plot a label."""
    rows = -(-len(cases) // _COLUMNS)
    figure = Figure(figsize=(_COLUMNS * _INCHES, rows * (_INCHES + 0.25)), layout="constrained")
    grid = figure.subplots(rows, _COLUMNS, sharex=True, sharey=True, squeeze=False).flat
    for axes, (label, found) in zip(grid, cases.items(), strict=False):
        _draw_label(axes, label, found)
    for axes in list(grid)[len(cases) :]:
        axes.set_axis_off()
    figure.supxlabel("probability read", fontsize=9)
    figure.supylabel("share that was true", fontsize=9)
    return figure


def _draw_label(axes: Axes, label: str, cases: Cases) -> None:
    points = reliability(cases)
    axes.plot([0, 1], [0, 1], color="0.8", linewidth=1)
    axes.scatter(
        [p for p, _, _ in points],
        [f for _, f, _ in points],
        s=[6 + 60 * n / len(cases.truth) for _, _, n in points],
        color="#33658a",
    )
    axes.set_title(f"{label}\nECE {expected_calibration_error(cases):.3f}", fontsize=7)
    axes.tick_params(labelsize=6)


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
def main(out: Path) -> None:
    """Draw the shipped model's reliability on the test split to OUT (.svg or .png)."""
    mpl.rcParams["svg.hashsalt"] = "handrail"
    test = [s.labelled for s in read_corpus() if s.split == "test"]
    draw(score(Assessor.load(), test)).savefig(out, metadata={"Date": None} if out.suffix == ".svg" else None)


if __name__ == "__main__":
    main()
