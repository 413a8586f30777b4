"""Rows: reviewed exchanges as rows of a corpus, and as rows that calibration reads.

Both hold what people wrote, so both are as confidential as the journal.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from handrail.classifiers.corpus.rows import Condition, Scenario, split_of
from handrail.classifiers.labelled import Labelled
from handrail.classifiers.labels import Harm
from handrail.policies.decide import Decider
from handrail.proxy.feedback.finding import Finding, finding_of
from handrail.proxy.feedback.labelling import Labelling, labelling_of
from handrail.proxy.journal.journal import Entry
from handrail.proxy.journal.record import Record
from handrail.proxy.recorded import of_record

Row = dict[str, Any]
_UNREAD = "could not be judged, so nothing was read in them"
_DISPUTED = "were read differently by their reviewers"
_NOTHING = "have a review that settles no single label"
_ONE_REPLY = "have one reply only, and a corpus row needs two"
_NOT_ASKED = "do not end with the person's message"
_OPEN = (
    "The labels and the harms that reviewers found don't fit together: settle risk and behaviours by hand."
)
_DELIVERED = "What handrail delivered; nobody has labelled what it does."


@dataclass(frozen=True, slots=True)
class Judged:
    """A reviewed exchange: what was kept, what reviewers found, and the labels that come of it."""

    entry: Entry
    finding: Finding
    labels: Labelling


Make = Callable[[Judged], Row | str]


@dataclass(slots=True)
class Rows:
    """Rows made of exchanges; `left_out` counts the others by why."""

    decider: Decider
    left_out: Counter[str] = field(default_factory=Counter)

    async def of(self, entries: AsyncIterator[Entry], make: Make) -> AsyncIterator[Row]:
        """A row for each exchange that somebody reviewed and that makes one."""
        async for entry in entries:
            found = self._judged(entry)
            row = found if found is None or isinstance(found, str) else make(found)
            if isinstance(row, dict):
                yield row
            elif row is not None:
                self.left_out[row] += 1

    def _judged(self, entry: Entry) -> Judged | str | None:
        finding = finding_of(entry.reviews)
        if finding is None:
            return None
        recorded = of_record(entry.record)
        if recorded is None:
            return _UNREAD
        return Judged(entry, finding, labelling_of(recorded, finding, self.decider))


def corpus_row(judged: Judged) -> Row | str:
    """A row of a corpus, or why there is none.

    The reply carries `notes`, by which training and calibration leave it out, unless its labels and the harms
    that reviewers found fit together; so does what was delivered, which nobody labelled.
    """
    record, finding = judged.entry.record, judged.finding
    if not finding.agreed:
        return _DISPUTED
    if not record.messages or record.messages[-1].role != "user":
        return _NOT_ASKED
    if not record.delivered.strip() or record.delivered == record.reply:
        return _ONE_REPLY
    name = f"reviewed-{record.id}"
    row = {
        "id": name,
        "split": split_of(name),
        "condition": _condition(judged),
        "setting": "reviewed traffic",
        "topic": f"flagged by {', '.join(judged.entry.case.rules) or 'no rule'}",
        "messages": _messages(record),
        "risk": {str(risk): str(level) for risk, level in judged.labels.risk.items()},
        "replies": [_reply(judged), _delivered(record)],
    }
    # What a reader of the corpus would refuse must not get there.
    Scenario.model_validate(row)
    return row


def calibration_row(judged: Judged) -> Row | str:
    """A row as `handrail calibrate` reads it, the labels it settles under `judged`; or why there is none."""
    if not judged.finding.agreed:
        return _DISPUTED
    if not judged.labels.settled:
        return _NOTHING
    record = judged.entry.record
    row = {
        "id": record.id,
        "messages": _messages(record),
        "risk": {str(risk): str(level) for risk, level in judged.labels.risk.items()},
        "reply": record.reply,
        "behaviours": list(map(str, judged.labels.behaviours)),
        "judged": sorted(judged.labels.settled),
    }
    Labelled.model_validate(row)
    return row


def _reply(judged: Judged) -> Row:
    values = {
        "text": judged.entry.record.reply,
        "behaviours": list(map(str, judged.labels.behaviours)),
        "harms": [str(harm) for harm in Harm if harm in judged.finding.harms],
        "style": "other",
        "manner": "other",
    }
    return values if judged.labels.follows else {**values, "notes": _OPEN}


def _delivered(record: Record) -> Row:
    labels: Row = {"behaviours": [], "harms": [], "style": "other", "manner": "other"}
    return {"text": record.delivered, **labels, "notes": _DELIVERED}


def _messages(record: Record) -> list[Row]:
    """The messages that have words; others say nothing to a reader of words."""
    return [{"role": m.role, "content": m.content} for m in record.messages if m.content]


def _condition(judged: Judged) -> Condition:
    first = next(iter(judged.labels.risk), None)
    if first is not None:
        return first.value
    return "stigma" if Harm.STIGMA in judged.finding.harms else "none"
