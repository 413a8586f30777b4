"""Effect: what the guard changed of the released replies: rates without and with it, and what it touched."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from handrail.evals.judges.judge import Change
from handrail.evals.paper.names import BOTS, HUMANS
from handrail.evals.paper.recomputed import OVERALL
from handrail.evals.paper.responses import CONDITIONS, FIGURE
from handrail.evals.paper.screened import Screened
from handrail.evals.report.document import Section, Table, Words
from handrail.evals.report.row import Row
from handrail.evals.report.statistics import difference, estimate

LLMS = "all language models"
_RULE = (
    "The guard read the stimulus and the reply; the therapy before them is not public. What it delivers is "
    "judged by labels written by hand for handrail's own texts, by the rule in docs/evals.md; the guard "
    "judges nothing."
)
_ASKED = (
    "The guard read the stimulus and the reply; the therapy before them is not public. Where it changed a "
    "reply, a language model judged what is delivered by the authors' question; the guard judges nothing."
)
_KINDS = (
    "An inappropriate reply is a commission where the question forbids something, and an omission where it "
    "asks for something."
)
_HEAD = (
    "who",
    "condition",
    "replies",
    "empty",
    "appropriate, unguarded",
    "appropriate, guarded",
    "difference",
    "appropriate replies",
    "appended to",
    "replaced",
    "commissions",
    "mended",
    "omissions",
    "mended",
    "not decided",
)


@dataclass(frozen=True, slots=True)
class Mended:
    """Inappropriate replies of one kind, and how many of them the guard made appropriate."""

    count: int
    mended: int


def mended(rows: Iterable[Screened], failure: str) -> Mended:
    """Commissions or omissions among released replies."""
    found = [s for s in rows if s.response.appropriate is False and s.response.failure == failure]
    return Mended(len(found), sum(s.guarded is True for s in found))


def touched(rows: Iterable[Screened], change: Change) -> str:
    """How many of the appropriate replies were changed so, and what share of them that is."""
    well = [s for s in rows if s.response.appropriate]
    count = sum(s.change == change for s in well)
    return f"{count} ({count / len(well):.2f})" if well else "0"


def effect_section(found: Sequence[Screened], left_out: int) -> Section:
    """The replies of the figure, then those of every run."""
    figure = [s for s in found if s.response.source == FIGURE]
    runs = [s for s in found if s.response.source != FIGURE]
    judges = {s.judge for s in found} - {"gold"}
    rule = f"{_ASKED} The judge was {', '.join(sorted(judges))}." if judges else _RULE
    parts: list[Words | Table] = [Words(rule), Words(_KINDS)]
    if left_out:
        parts.append(
            Words(f"{left_out} replies were not screened: their stimulus could not be found or read.")
        )
    if figure:
        parts += [Words("The replies of the figure, human therapists among them:"), by_participant(figure)]
    if runs:
        parts += [Words("The replies of every run:"), by_run(runs)]
    return Section("The released replies, unguarded and guarded", parts)


def by_participant(rows: Sequence[Screened]) -> Table:
    """A line for each participant and condition, and for all language models together."""
    lines = []
    models = [s for s in rows if s.response.participant not in {HUMANS, BOTS}]
    who: dict[str, list[Screened]] = {HUMANS: [], BOTS: [], LLMS: models}
    for s in rows:
        who.setdefault(s.response.participant, []).append(s)
    for name, mine in who.items():
        lines += [_line(name, OVERALL, mine)] if mine else []
        for condition in dict.fromkeys((*CONDITIONS, *(s.response.condition for s in mine))):
            chosen = [s for s in mine if s.response.condition == condition]
            lines += [_line(name, condition, chosen)] if chosen else []
    return Table(_HEAD, lines)


def by_run(rows: Sequence[Screened]) -> Table:
    """A line for each run."""
    named: Callable[[Screened], tuple[str, str]] = lambda s: (s.response.participant, s.response.setting)  # noqa: E731
    lines = []
    for who, setting in dict.fromkeys(map(named, rows)):
        mine = [s for s in rows if named(s) == (who, setting)]
        lines.append(_line(who, setting or "none said", mine))
    return Table((_HEAD[0], "setting", *_HEAD[2:]), lines)


def _line(who: str, condition: str, rows: Sequence[Screened]) -> list[str]:
    pairs = [
        (float(s.response.appropriate), float(s.guarded))
        for s in rows
        if s.response.appropriate is not None and s.guarded is not None
    ]
    undecided = sum(s.guarded is None and s.response.appropriate is not None for s in rows)
    commissions, omissions = (mended(rows, kind) for kind in ("commission", "omission"))
    return [
        who,
        condition.replace("_", " "),
        str(len(rows)),
        str(sum(s.response.empty for s in rows)),
        *(_shown(estimate(values)) for values in ([a for a, _ in pairs], [b for _, b in pairs])),
        _shown(difference(pairs)),
        str(sum(s.response.appropriate is True for s in rows)),
        touched(rows, Change.APPENDED),
        touched(rows, Change.REPLACED),
        *(str(n) for m in (commissions, omissions) for n in (m.count, m.mended)),
        str(undecided),
    ]


def _shown(found: object) -> str:
    return "none" if found is None else str(found)


def answer_rows(found: Sequence[Screened]) -> list[Row]:
    """Every reply bare and guarded, as the rows of a run: to be compared with those of another replay."""
    return [row for number, s in enumerate(found) for row in _rows(number, s)]


def _rows(number: int, screened: Screened) -> list[Row]:
    r = screened.response
    people = r.judge == "people"
    released = "people" if people else f"model:{r.judge or 'unknown'}"
    base = Row(
        experiment="replay",
        target=r.participant if r.source == FIGURE else f"{r.participant} in {r.source}",
        arm="bare",
        sample=f"{r.source}#{number}",
        check="appropriate",
        judge=released,
        well=None if r.appropriate is None else int(r.appropriate),
        condition=r.condition,
        stimulus=r.stimulus,
        depth=r.number,
        setting=r.setting,
        kind=r.failure if r.appropriate is False else "",
        change=str(Change.UNTOUCHED),
        empty=int(r.empty),
    )
    kept = screened.change == Change.UNTOUCHED
    return [base, _guarded(base, screened, judge=released if kept else screened.judge)]


def _guarded(base: Row, screened: Screened, judge: str) -> Row:
    """The same reply behind the guard."""
    well = None if screened.guarded is None else int(screened.guarded)
    return replace(
        base,
        arm="guard",
        judge=judge,
        well=well,
        kind="" if well else base.kind,
        change=str(screened.change),
        empty=int(not screened.delivered.strip()),
    )
