"""Agreement: kappas between people, and between people and the judge of a run.

Cohen's kappa (1960) is of two, over the items that both answered; Fleiss' kappa (1971) is of all people, over
the items that all of them answered. Unsure and open answers count as missing. Where everybody said the same
of everything a kappa is not defined, and the share that agrees says more.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import Path

from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import fleiss_kappa

from handrail.evals.people.answered import Ratings, read_kept
from handrail.evals.people.item import Judged, read_judged
from handrail.evals.report.document import Table, Words

MAJORITY = "majority of people"
Pair = tuple[bool, bool]
Wells = Mapping[str, bool]


def people_parts(folder: Path) -> list[Words | Table]:
    """What a report says of people's judgements; nothing where there are none."""
    ratings = read_kept(folder)
    return parts_of(ratings, read_judged(folder)) if ratings else []


def parts_of(ratings: Ratings, judged: Sequence[Judged]) -> list[Words | Table]:
    """Tables of people's answers, of their agreement with each other, and with the judges."""
    wells = {name: well_of(answers, judged) for name, answers in ratings.items()}
    parts: list[Words | Table] = [Words("People judged, blind to arm, chatbot and label:"), _answers(ratings)]
    if len(wells) > 1:
        parts += [Words("People with each other:"), _between(wells)]
    against = _against(wells, judged)
    if against.rows:
        parts += [Words("People against the judges of the run, of the same replies:"), against]
    return parts


def well_of(answers: Mapping[str, bool | None], judged: Iterable[Judged]) -> dict[str, bool]:
    """Whether a person found each reply appropriate: their answer is the one that speaks for it."""
    right = {one.item.id: one.item.right == "yes" for one in judged}
    return {item: said == right[item] for item, said in answers.items() if said is not None and item in right}


def majority(wells: Mapping[str, Wells]) -> dict[str, bool]:
    """What more people than not found of each item; ties are left out."""
    votes: dict[str, Counter[bool]] = {}
    for found in wells.values():
        for item, well in found.items():
            votes.setdefault(item, Counter())[well] += 1
    return {item: v[True] > v[False] for item, v in votes.items() if v[True] != v[False]}


def pairs_of(first: Wells, second: Wells) -> list[Pair]:
    """Both judgements of every item that both judged."""
    return [(well, second[item]) for item, well in first.items() if item in second]


def cohen(pairs: Sequence[Pair]) -> float | None:
    """Cohen's kappa; None where it is not defined."""
    if not pairs or len({value for pair in pairs for value in pair}) < 2:
        return None
    first, second = zip(*pairs, strict=True)
    return float(cohen_kappa_score(first, second))


def fleiss(wells: Sequence[Wells]) -> tuple[float | None, int]:
    """Fleiss' kappa of several people (None where it is not defined), and of how many items."""
    shared = sorted(set.intersection(*(set(w) for w in wells))) if wells else []
    counts = [[sum(w[item] for w in wells), sum(not w[item] for w in wells)] for item in shared]
    if not counts or 0 in [sum(column) for column in zip(*counts, strict=True)]:
        return None, len(shared)
    return float(fleiss_kappa(counts)), len(shared)


def _answers(ratings: Ratings) -> Table:
    rows = [
        [name, *(str(sum(a is said for a in answers.values())) for said in (True, False, None))]
        for name, answers in ratings.items()
    ]
    return Table(["person", "yes", "no", "unsure"], rows)


def _between(wells: Mapping[str, Wells]) -> Table:
    kappa, items = fleiss(list(wells.values()))
    rows = [["all", str(items), _all_agree(list(wells.values())), f"Fleiss {_shown(kappa)}"]]
    for one, other in combinations(wells, 2):
        pairs = pairs_of(wells[one], wells[other])
        rows.append([f"{one}, {other}", str(len(pairs)), _agreed(pairs), f"Cohen {_shown(cohen(pairs))}"])
    return Table(["people", "items that all judged", "agree", "kappa"], rows)


def _all_agree(wells: Sequence[Wells]) -> str:
    shared = set.intersection(*(set(w) for w in wells))
    same = sum(len({w[item] for w in wells}) == 1 for item in shared)
    return f"{same / len(shared):.2f}" if shared else "none"


def _against(wells: Mapping[str, Wells], judged: Sequence[Judged]) -> Table:
    """Each person and their majority against each judge, overall; the majority by condition as well."""
    rows = []
    who = {**wells, MAJORITY: majority(wells)} if len(wells) > 1 else dict(wells)
    last = list(who)[-1]
    for judge in dict.fromkeys(one.judge for one in judged):
        mine = [one for one in judged if one.judge == judge and one.well is not None]
        for name, found in who.items():
            rows += _line(judge, name, "overall", found, mine)
        for condition in dict.fromkeys(one.condition for one in mine):
            of = [one for one in mine if one.condition == condition]
            rows += _line(judge, last, condition or "none", who[last], of)
    return Table(["judge", "person", "condition", "items", "agree", "kappa"], rows)


def _line(judge: str, name: str, condition: str, found: Wells, judged: Sequence[Judged]) -> list[list[str]]:
    pairs = pairs_of(found, {one.item.id: bool(one.well) for one in judged})
    if not pairs:
        return []
    return [[judge, name, condition, str(len(pairs)), _agreed(pairs), f"Cohen {_shown(cohen(pairs))}"]]


def _agreed(pairs: Sequence[Pair]) -> str:
    return f"{sum(a == b for a, b in pairs) / len(pairs):.2f}" if pairs else "none"


def _shown(kappa: float | None) -> str:
    return "not defined" if kappa is None else f"{kappa:.2f}"
