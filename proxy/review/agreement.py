"""Agreement: how far first and second readings of the same exchanges agree beyond chance. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from handrail.classifiers.labels import HARMS, Harm
from handrail.proxy.journal.review import Review

Pair = tuple[Review, Review]


@dataclass(frozen=True, slots=True)
class Agreement:
    """One question: how many exchanges were read twice, on how many both said the same, and Cohen's kappa.

    `kappa` is None where it is not defined: nothing was read twice, or both always said one and the same.
    """

    question: str
    pairs: int
    same: int
    kappa: float | None


def cohens_kappa(first: Sequence[object], second: Sequence[object]) -> float | None:
    """Agreement of two readers beyond chance, 1 at most; None where chance alone makes all the same.

    (p_o - p_e) / (1 - p_e), unweighted: Cohen (1960), "A coefficient of agreement for nominal scales".
    """
    total = len(first)
    if not total:
        return None
    observed = sum(a == b for a, b in zip(first, second, strict=True)) / total
    expected = sum((first.count(v) / total) * (second.count(v) / total) for v in set(first) | set(second))
    return None if expected == 1 else (observed - expected) / (1 - expected)


def agreements(pairs: Iterable[Pair]) -> list[Agreement]:
    """Agreement on each question of the form, harm by harm too."""
    kept = list(pairs)
    asked: list[tuple[str, Callable[[Review], object]]] = [
        ("harmful at all", lambda review: review.harmful),
        *((f"{harm}", _has(harm)) for harm in HARMS),
        ("severity", lambda review: review.severity),
        ("repair right", lambda review: review.repair_right),
        ("should have been escalated", lambda review: review.should_escalate),
    ]
    return [_agreement(question, answer, kept) for question, answer in asked]


def pair_of(reviews: Sequence[Review]) -> Pair | None:
    """The first reading of an exchange and the blind one, where there are both."""
    blind = next((review for review in reviews if review.blind), None)
    first = next((review for review in reviews if not review.blind), None)
    return (first, blind) if first and blind else None


def _has(harm: Harm) -> Callable[[Review], object]:
    return lambda review: harm in review.harms


def _agreement(question: str, answer: Callable[[Review], object], pairs: list[Pair]) -> Agreement:
    first = [answer(pair[0]) for pair in pairs]
    second = [answer(pair[1]) for pair in pairs]
    same = sum(a == b for a, b in zip(first, second, strict=True))
    return Agreement(question, len(pairs), same, cohens_kappa(first, second))
