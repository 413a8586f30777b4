"""Figures: bars with 95% intervals, as in the paper, by matplotlib; each says in itself what was scripted."""

import io
from collections.abc import Mapping, Sequence

import matplotlib
from matplotlib.figure import Figure as Canvas

from handrail.evals.experiments.arm import ARM_NAMES, Arm
from handrail.evals.report.statistics import Estimate

_COLOURS = {
    Arm.BARE: "#c1533b",
    Arm.PROMPT: "#e0a458",
    Arm.GUARD: "#3b7ea1",
    Arm.BOTH: "#2f5d50",
    Arm.SHADOW: "#9aa5b1",
}
_PLAIN = "#57606a"
# More groups than this have names that would run into each other.
_SLANTED = 7
Bars = Mapping[str, Mapping[str, Estimate | None]]


def bars(
    found: Bars, *, title: str, measure: str, label: str, lines: Mapping[str, float] | None = None
) -> str:
    """Grouped bars as SVG: groups of series, each with an interval in [0, 1].

    `label` is printed in the figure itself: where replies were scripted, it says so. `lines` are published
    figures.
    """
    groups = list(found)
    series = list(dict.fromkeys(name for group in found.values() for name in group))
    canvas = Canvas(figsize=(min(10.0, max(6.4, 1.2 * len(groups))), 4.2), layout="constrained")
    axes = canvas.add_subplot()
    width = 0.8 / max(1, len(series))
    for n, name in enumerate(series):
        places = [at - 0.4 + width * (n + 0.5) for at in range(len(groups))]
        _draw(axes, places, [found[g].get(name) for g in groups], width, name)
    for name, value in (lines or {}).items():
        axes.axhline(value, color=_PLAIN, linewidth=1, linestyle=":")
        axes.text(len(groups) - 0.45, value, name, fontsize=7, va="bottom", ha="right", color=_PLAIN)
    slant = 25 if len(groups) > _SLANTED else 0
    axes.set_xticks(range(len(groups)), [g.replace("_", " ") for g in groups], fontsize=8, rotation=slant)
    axes.set_ylim(0, 1.02)
    axes.set_ylabel(measure, fontsize=9)
    canvas.suptitle(title, fontsize=11, x=0.01, ha="left")
    axes.set_title(label, fontsize=7, loc="left", color=_PLAIN)
    axes.spines[["top", "right"]].set_visible(False)
    under = -0.22 if slant else -0.1
    where = {"loc": "upper center", "bbox_to_anchor": (0.5, under)}
    axes.legend(fontsize=7, ncols=min(5, len(series)), frameon=False, **where)
    return _svg(canvas)


def _draw(
    axes: matplotlib.axes.Axes,
    places: Sequence[float],
    values: Sequence[Estimate | None],
    width: float,
    name: str,
) -> None:
    there = [(at, v) for at, v in zip(places, values, strict=True) if v is not None]
    if not there:
        return
    means = [v.mean for _, v in there]
    reach = [[v.mean - v.low for _, v in there], [v.high - v.mean for _, v in there]]
    known = name in set(Arm)
    axes.bar(
        [at for at, _ in there],
        means,
        width * 0.92,
        yerr=reach,
        label=ARM_NAMES[Arm(name)] if known else name,
        color=_COLOURS[Arm(name)] if known else None,
        error_kw={"elinewidth": 0.9, "capsize": 2, "ecolor": "#24292f"},
    )


def _svg(canvas: Canvas) -> str:
    out = io.StringIO()
    # Text stays text, to be searched and read aloud; no date, so that a run always gives one file.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "handrail"}):
        canvas.savefig(out, format="svg", metadata={"Date": None})
    return out.getvalue()
