"""Sections: what the report says of each experiment, with its tables and figures."""

from collections.abc import Callable, Mapping, Sequence

from handrail.evals.experiments.arm import ARM_NAMES, Arm
from handrail.evals.experiments.check import DRIFT, ENABLES, INTERVENES, REINFORCES
from handrail.evals.experiments.features import read_features
from handrail.evals.report.document import Figure, Section, Table, Words
from handrail.evals.report.figures import bars
from handrail.evals.report.published import Figures, read_published
from handrail.evals.report.row import Row
from handrail.evals.report.shares import (
    OVERALL,
    Key,
    changes,
    guard_effect,
    missing,
    share,
    shares_by,
    shown,
    values_of,
    where,
)
from handrail.evals.report.statistics import estimate

SCRIPTED = "Scripted chatbots: how often they fail unguarded was chosen by us. No language model."
_CONDITIONS = ("compulsion", "suicidal_ideation", "mania", "delusion", "hallucination")
Parts = list[Words | Table | Figure]


def label_of(rows: Sequence[Row]) -> str:
    """What every figure says of whose replies it shows."""
    targets = values_of(rows, "target")
    if all(t.startswith("scripted:") for t in targets):
        return SCRIPTED
    if all(t.startswith("recorded:") for t in targets):
        return "Recorded replies of our own writing."
    some = " Some are scripted: " + SCRIPTED if any(t.startswith("scripted:") for t in targets) else ""
    return ", ".join(targets) + "." + some


def appropriate_section(rows: Sequence[Row]) -> Section:
    """Experiment 2."""
    parts: Parts = [
        Words(
            "Share of replies that are appropriate by the verification question of each stimulus, with 95% "
            "bootstrap intervals over replies. Answers that the judge did not give are left out and "
            "counted at the end."
        )
    ]
    parts += [_figure(rows, "condition", "Appropriate replies by condition", lambda r: r.condition)]
    parts += [
        _figure(rows, "depth", "By number of messages before the stimulus", lambda r: f"{r.depth or 0:3}")
    ]
    paper = where(rows, origin="paper")
    if paper:
        parts += [_figure(paper, "question", "The paper's ten stimuli, in our words", lambda r: r.stimulus)]
    parts += [_by_target(rows), Words("Guarded less unguarded over the same samples, paired:"), effects(rows)]
    parts += [
        Words("What became of the replies, and of what kind they were by the taxonomy:"),
        _changes(rows),
    ]
    for name, key in (("Setting", "setting"), ("Risk told", "level"), ("Stimuli", "origin")):
        parts.append(_by(rows, name, key))
    parts += [Words(_ORIENTATION), _published(read_published().appropriate, (OVERALL, *_CONDITIONS))]
    return Section("Appropriate responses (experiment 2)", parts)


_ORIENTATION = (
    "The paper's own figures, with the safety prompt on, for orientation: other words, other models and "
    "judges, real human therapists. Ours can't be tested against them."
)


def recorded_section(rows: Sequence[Row]) -> Section:
    """Recorded replies, served again."""
    parts: Parts = [
        Words("Recorded replies to stimuli, each served again as it stands, bare and through the guard."),
        _figure(rows, "recorded", "Recorded replies that are appropriate", lambda r: r.condition),
        effects(rows),
        _changes(rows),
    ]
    return Section("Recorded replies", parts)


def drift_section(rows: Sequence[Row]) -> Section:
    """Multi-turn."""
    names = {
        REINFORCES: "Turns that don't reinforce",
        ENABLES: "Turns that don't enable",
        INTERVENES: "Turns that intervene",
    }
    parts: Parts = [
        Words("Ten turns with scripted clients; each turn is scored. Higher is better in all three.")
    ]
    for check in DRIFT:
        of_check = where(rows, check=check.id)
        by_turn: Key = lambda r: f"{r.turn + 1:2}"  # noqa: E731
        parts.append(_figure(of_check, f"drift-{check.id}", names[check.id], by_turn))
    header = ["target", "arm", *names.values(), "last turn less first: intervenes"]
    table = [
        [
            t,
            ARM_NAMES[Arm(a)],
            *(shown(share(where(rows, target=t, arm=a, check=c))) for c in names),
            _drifted(rows, t, a),
        ]
        for t in values_of(rows, "target")
        for a in values_of(where(rows, target=t), "arm")
    ]
    return Section("Over a conversation (multi-turn)", [*parts, Table(header, table)])


def _drifted(rows: Sequence[Row], target: str, arm: str) -> str:
    chosen = where(rows, target=target, arm=arm, check=INTERVENES)
    first, last = (share(r for r in chosen if r.turn == n) for n in (0, 9))
    return "none" if first is None or last is None else f"{last.mean - first.mean:+.2f}"


def mapping_section(rows: Sequence[Row]) -> Section:
    """The mapping review's rubric over whole conversations."""
    arms = [a for a in Arm if any(r.arm == a for r in rows)]
    table = [
        [f.title, *(shown(share(where(rows, check=f.id, arm=a))) for a in arms)] for f in read_features()
    ]
    words = Words(
        "The paper's seventeen features of good therapy, asked of whole conversations with scripted "
        "clients: share in which the answer speaks for the chatbot."
    )
    return Section("Mapping review", [words, Table(["feature", *(ARM_NAMES[a] for a in arms)], table)])


def harmless_section(rows: Sequence[Row]) -> Section:
    """Over-blocking."""
    guarded = [r for r in rows if Arm(r.arm).guarded]
    header = ["target", "arm", "exchanges", "kind", "changed at all", "share of words changed, where changed"]
    table = []
    for target in values_of(guarded, "target"):
        for arm in values_of(where(guarded, target=target), "arm"):
            for kind in values_of(where(guarded, target=target, arm=arm), "condition"):
                found = [r.changed for r in where(guarded, target=target, arm=arm, condition=kind)]
                known = [c for c in found if c is not None]
                touched = estimate([float(c > 0) for c in known])
                how_much = estimate([c for c in known if c > 0])
                name = ARM_NAMES[Arm(arm)]
                table.append([target, name, str(len(found)), kind, shown(touched), shown(how_much)])
    words = Words("Ordinary counselling and everyday work that nobody would want touched. Any change counts.")
    return Section("Over-blocking", [words, Table(header, table)])


def judges_section(
    rows: Sequence[Row], reliability: Table | None, people: Sequence[Words | Table] = ()
) -> Section:
    """Who judged, and how reliably."""
    # A letter is coded and any change of a harmless reply counts: neither asks a judge.
    asked = [r for r in rows if r.experiment not in {"stigma", "harmless"}]
    counts = [
        [judge, str(len(where(asked, judge=judge))), str(missing(where(asked, judge=judge)))]
        for judge in values_of(asked, "judge")
    ]
    parts: Parts = [
        Words(
            "The guard's own classifiers never judge the guard. Gold labels were written by hand, by the "
            "authors, for every canned reply and for handrail's own texts; no clinician has read them."
        ),
        Table(["judge", "answers asked for", "no answer that counts"], counts),
    ]
    if reliability:
        parts += [Words("The model that judged, against gold labels of the same replies:"), reliability]
    else:
        parts.append(
            Words(
                "No language model judged in this run, so there is nothing to hold against the gold labels."
            )
        )
    parts += people
    errors = [r for r in rows if r.error]
    if errors:
        parts.append(Words(f"{len(errors)} samples failed and count nowhere, such as: {errors[0].error}"))
    return Section("Reliability of the judges", parts)


def cost_section(rows: Sequence[Row], prices: Mapping[str, tuple[float, float]]) -> Section:
    """Tokens, and money where a price is known (dollars for a million tokens in and out)."""
    table = []
    for target in values_of(rows, "target"):
        chosen = where(rows, target=target)
        taken, given = sum(r.input_tokens for r in chosen), sum(r.output_tokens for r in chosen)
        price = prices.get(target)
        cost = f"{(taken * price[0] + given * price[1]) / 1e6:.2f}" if price else "none"
        table.append([target, str(taken), str(given), cost])
    words = Words(
        "Tokens that the targets report. What was answered from the cache, as in guarded arms, was paid "
        "for once only, so the true cost is lower."
    )
    return Section("Tokens and cost", [words, Table(["target", "tokens in", "tokens out", "dollars"], table)])


def effects(rows: Sequence[Row]) -> Table:
    """What the guard changed, paired, by target."""
    arms = [a for a in Arm if a.guarded and any(r.arm == a for r in rows)]
    table = [
        [t, ARM_NAMES[a], shown(guard_effect(where(rows, target=t), a))]
        for t in values_of(rows, "target")
        for a in arms
    ]
    return Table(["target", "arm", "difference in the share"], table)


def _figure(rows: Sequence[Row], name: str, title: str, group: Key) -> Figure:
    label = label_of(rows)
    # In shadow nothing is changed; a table shows it, and its bars would only repeat the bare ones.
    rows = [r for r in rows if r.arm != Arm.SHADOW]
    svg = bars(shares_by(rows, group), title=title, measure="share", label=label)
    return Figure(f"{'' if '-' in name else 'appropriate-'}{name}", f"{title}. {label}", svg)


def _by_target(rows: Sequence[Row]) -> Table:
    header = ["target", "arm", "replies", OVERALL, *(c.replace("_", " ") for c in _CONDITIONS)]
    table = []
    for target in values_of(rows, "target"):
        for arm in values_of(where(rows, target=target), "arm"):
            chosen = where(rows, target=target, arm=arm)
            cells = [shown(share(chosen)), *(shown(share(where(chosen, condition=c))) for c in _CONDITIONS)]
            table.append([target, ARM_NAMES[Arm(arm)], str(len(chosen)), *cells])
    return Table(header, table)


def _by(rows: Sequence[Row], title: str, name: str) -> Table:
    found = shares_by(rows, lambda r: str(getattr(r, name)), overall=False)
    arms = [a for a in Arm if any(r.arm == a for r in rows)]
    table = [[group, *(shown(by_arm[str(a)]) for a in arms)] for group, by_arm in found.items()]
    return Table([title, *(ARM_NAMES[a] for a in arms)], table)


def _changes(rows: Sequence[Row]) -> Table:
    kinds = ("sound", "omission", "commission")
    table = []
    for target in values_of(rows, "target"):
        for arm in values_of(where(rows, target=target), "arm"):
            chosen = where(rows, target=target, arm=arm)
            counts = [str(n) for n in changes(chosen).values()]
            of_kind: Callable[[str], str] = lambda k, c=chosen: str(len(where(c, kind=k)))  # type: ignore[misc]  # noqa: E731
            table.append([target, ARM_NAMES[Arm(arm)], *counts, *map(of_kind, kinds)])
    return Table(["target", "arm", *changes([]), *(f"delivered: {k}" for k in kinds)], table)


def _published(found: Figures, columns: Sequence[str]) -> Table:
    header = ["published", *(c.replace("_", " ") for c in columns)]
    table = [[name, *(f"{by[c]:.2f}" if c in by else "none" for c in columns)] for name, by in found.items()]
    return Table(header, table)
