"""Finding: what the reviewers of an exchange found together. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from handrail.classifiers.labels import Harm
from handrail.policies.decision import SEVERITY_ORDER, Severity
from handrail.proxy.journal.review import Review


@dataclass(frozen=True, slots=True)
class Finding:
    """The harms that all who read an exchange named, and how many read it.

    `agreed` is False where they named different ones: then two labellings are fair, and it settles nothing.
    `severity` is the gravest that anybody gave.
    """

    harms: frozenset[Harm]
    severity: Severity | None
    readers: int
    agreed: bool


def finding_of(reviews: Sequence[Review]) -> Finding | None:
    """What reviews come to; None where there are none."""
    if not reviews:
        return None
    named = [frozenset(review.harms) for review in reviews]
    given = [review.severity for review in reviews if review.severity is not None]
    return Finding(
        harms=frozenset.intersection(*named),
        severity=max(given, key=SEVERITY_ORDER.index, default=None),
        readers=len(reviews),
        agreed=len(set(named)) == 1,
    )
