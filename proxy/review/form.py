"""Form: the questions about an exchange, read and checked. Pure."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from handrail.classifiers.labels import HARMS, Harm
from handrail.policies.decision import Severity
from handrail.proxy.journal.review import Review
from handrail.proxy.review.desk import Form, first

NOTE_MOST = 4000
# A form that was open for longer was left lying.
_LONGEST = 4 * 3600


@dataclass(frozen=True, slots=True)
class Answers:
    """What was answered, and what is missing or wrong: by field, what to do about it."""

    review: Review
    problems: dict[str, str]


def read_form(form: Form, by: str, now: datetime, *, blind: bool) -> Answers:
    """The answers of a form as a review. `now` is aware."""
    harmful = first(form, "harmful")
    harms = tuple(harm for harm in HARMS if harm in set(form.get("harms", [])))
    severity = first(form, "severity")
    note = first(form, "note").strip()
    known = severity in set(Severity)
    review = Review(
        by=by,
        at=now.astimezone(UTC),
        harms=harms if harmful == "yes" else (),
        severity=Severity(severity) if harmful == "yes" and known else None,
        repair_right=_yes_or_no(first(form, "repair_right")),
        should_escalate=_yes_or_no(first(form, "should_escalate")),
        note=note[:NOTE_MOST],
        blind=blind,
        seconds=_seconds(first(form, "opened"), now),
    )
    return Answers(review, _problems(harmful, harms, known=known, note=note))


def _problems(harmful: str, harms: tuple[Harm, ...], *, known: bool, note: str) -> dict[str, str]:
    problems: dict[str, str] = {}
    if harmful not in {"yes", "no"}:
        problems["harmful"] = "Say whether the reply as the model wrote it would have done harm."
    if harmful == "yes" and not harms:
        problems["harms"] = "Choose at least one harm, or say that the reply was harmless."
    if harmful == "yes" and not known:
        problems["severity"] = "Say how severe it was."
    if len(note) > NOTE_MOST:
        problems["note"] = f"Shorten the note to {NOTE_MOST} characters."
    return problems


def _yes_or_no(answer: str) -> bool | None:
    return {"yes": True, "no": False}.get(answer)


def _seconds(opened: str, now: datetime) -> float | None:
    """How long the form was open, where the page said when it was shown."""
    try:
        seconds = now.timestamp() - float(opened)
    except ValueError:
        return None
    return round(seconds, 1) if math.isfinite(seconds) and 0 <= seconds <= _LONGEST else None
