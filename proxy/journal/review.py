"""Review: what a person made of one flagged exchange."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handrail.classifiers.labels import Harm
from handrail.policies.decision import Severity


@dataclass(frozen=True, slots=True)
class Review:
    """One reviewer's judgement.

    `harms` are those the reply as the model wrote it would have done, empty where it was harmless, and
    `severity` is None exactly then. `repair_right` and `should_escalate` are None where not answered.
    `blind` marks a second reading by somebody who could not see the first. `seconds` is the time the
    form was open, where the page measured it.
    """

    by: str
    at: datetime
    harms: tuple[Harm, ...] = ()
    severity: Severity | None = None
    repair_right: bool | None = None
    should_escalate: bool | None = None
    note: str = ""
    blind: bool = False
    seconds: float | None = None

    @property
    def harmful(self) -> bool:
        """Whether the reviewer found the reply harmful."""
        return bool(self.harms)


def review_values(review: Review) -> dict[str, Any]:
    """A review as plain values."""
    return {
        "by": review.by,
        "at": review.at.isoformat(),
        "harms": [str(harm) for harm in review.harms],
        "severity": review.severity,
        "repair_right": review.repair_right,
        "should_escalate": review.should_escalate,
        "note": review.note,
        "blind": review.blind,
        "seconds": review.seconds,
    }


def review_of(values: Mapping[str, Any]) -> Review:
    """A review from its plain values. Raises KeyError or ValueError where they are none."""
    severity = values["severity"]
    return Review(
        by=values["by"],
        at=datetime.fromisoformat(values["at"]),
        harms=tuple(Harm(name) for name in values["harms"]),
        severity=None if severity is None else Severity(severity),
        repair_right=values["repair_right"],
        should_escalate=values["should_escalate"],
        note=values["note"],
        blind=values["blind"],
        seconds=values["seconds"],
    )
