"""Row: a record as stores keep it: what is asked for in the clear, what people said sealed."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import UTC, date, datetime
from typing import Any

from handrail.classifiers.exchange import Message
from handrail.classifiers.labels import Harm
from handrail.policies.decision import Action, Severity
from handrail.proxy.journal.days import counted
from handrail.proxy.journal.queue import Case, State, due_by
from handrail.proxy.journal.record import Record
from handrail.proxy.journal.review import Review, review_of, review_values
from handrail.proxy.journal.vault import Vault

Row = dict[str, Any]

# Fields of a record that can be asked for, kept as they are.
PLAIN = ("id", "dialect", "path", "country", "locale", "choice", "status", "reason", "user", "session")
# What people said, what was read in it, and every field that no column has: sealed where there is a key.
SEALED = ("messages", "reply", "delivered", "assessment", "decision", "details")
DERIVED = ("at", "action", "severity", "escalate", "harms", "rules", "counted", "due", "sealed_by")
RECORD_COLUMNS = (*PLAIN, *DERIVED, *SEALED)
CASE_COLUMNS = ("state", "assignee", "claimed_at", "done_at", "readers")
COLUMNS = (*RECORD_COLUMNS, *CASE_COLUMNS)

_NAMED = {*PLAIN, "at", "messages", "reply", "delivered", "assessment", "decision"}


def row_of(record: Record, vault: Vault) -> Row:
    """All columns of a new record. Times are ISO 8601 in UTC, lists and mappings JSON."""
    decision = record.decision or {}
    severity = decision.get("severity")
    rules = decision.get("rules", ())
    return {
        **{name: _plain(getattr(record, name)) for name in PLAIN},
        "at": record.at.astimezone(UTC).isoformat(),
        "action": decision.get("action"),
        "severity": severity,
        "escalate": int(bool(decision.get("escalate"))),
        "harms": json.dumps(list(dict.fromkeys(rule["harm"] for rule in rules))),
        "rules": json.dumps([rule["id"] for rule in rules]),
        "counted": json.dumps(counted(record)),
        "due": due_by(record.at, None if severity is None else Severity(severity)).isoformat(),
        "sealed_by": vault.current,
        **_sealed(record.id, _content(record), vault),
        **case_row(State.NEW),
    }


def case_row(
    state: State,
    assignee: str | None = None,
    claimed_at: datetime | None = None,
    done_at: datetime | None = None,
    readers: tuple[str, ...] = (),
) -> Row:
    """The columns that a step of a review changes."""
    return {
        "state": str(state),
        "assignee": assignee,
        "claimed_at": None if claimed_at is None else claimed_at.isoformat(),
        "done_at": None if done_at is None else done_at.isoformat(),
        "readers": json.dumps(readers),
    }


def row_of_case(case: Case) -> Row:
    """The columns in which a case differs from a new one."""
    return case_row(case.state, case.assignee, case.claimed_at, case.done_at, case.readers)


def record_of(row: Mapping[str, Any], vault: Vault) -> Record:
    """The record of a row. Raises JournalError where it can't be unsealed."""
    content = _opened(row, vault)
    return Record(
        **{name: row[name] for name in PLAIN},
        at=datetime.fromisoformat(row["at"]),
        messages=tuple(Message(**m) for m in json.loads(content["messages"] or "[]")),
        reply=content["reply"] or "",
        delivered=content["delivered"] or "",
        assessment=_loaded(content["assessment"]),
        decision=_loaded(content["decision"]),
        **_details(content["details"]),
    )


def case_of(row: Mapping[str, Any]) -> Case:
    """The case of a row."""
    return Case(
        **{name: row[name] for name in ("id", "status", "country", "locale", "user", "session", "assignee")},
        at=datetime.fromisoformat(row["at"]),
        action=Action(row["action"]) if row["action"] else None,
        severity=Severity(row["severity"]) if row["severity"] else None,
        escalate=bool(row["escalate"]),
        harms=tuple(Harm(name) for name in json.loads(row["harms"])),
        rules=tuple(json.loads(row["rules"])),
        due=datetime.fromisoformat(row["due"]),
        state=State(row["state"]),
        claimed_at=_time(row["claimed_at"]),
        done_at=_time(row["done_at"]),
        readers=tuple(json.loads(row["readers"])),
    )


def counts_of(row: Mapping[str, Any]) -> dict[str, int]:
    """What a row adds to the counts of its day; one that waited since before they were kept, nothing."""
    return dict.fromkeys(json.loads(row.get("counted") or "[]"), 1)


def day_of(row: Mapping[str, Any]) -> date:
    """The day (UTC) of a row."""
    return datetime.fromisoformat(row["at"]).date()


def resealed(row: Mapping[str, Any], vault: Vault) -> Row:
    """The columns of a row that change when it is sealed with the present key."""
    return {"sealed_by": vault.current, **_sealed(row["id"], _opened(row, vault), vault)}


def seal_review(name: str, review: Review, vault: Vault) -> str:
    """A review of an exchange as it is kept: its note may quote people."""
    return vault.seal(name, f"review by {review.by}", json.dumps(review_values(review)))


def open_review(name: str, by: str, key: str | None, text: str, vault: Vault) -> Review:
    """A review as it was. Raises JournalError where it can't be unsealed."""
    return review_of(json.loads(vault.open(key, name, f"review by {by}", text)))


def _content(record: Record) -> dict[str, str | None]:
    values = asdict(record)
    others = {f.name: values[f.name] for f in fields(record) if f.name not in _NAMED}
    return {
        "messages": json.dumps([asdict(m) for m in record.messages], ensure_ascii=True),
        "reply": _storable(record.reply),
        "delivered": _storable(record.delivered),
        "assessment": None if record.assessment is None else json.dumps(record.assessment),
        "decision": None if record.decision is None else json.dumps(record.decision),
        "details": json.dumps(others) if others else None,
    }


def _sealed(record: str, content: Mapping[str, str | None], vault: Vault) -> Row:
    return {
        name: None if (text := content[name]) is None else vault.seal(record, name, text) for name in SEALED
    }


def _opened(row: Mapping[str, Any], vault: Vault) -> dict[str, str | None]:
    return {
        name: None if (text := row[name]) is None else vault.open(row["sealed_by"], row["id"], name, text)
        for name in SEALED
    }


def _storable(text: str) -> str:
    """Stores take UTF-8 only; a lone surrogate, which JSON allows, must not lose the record."""
    return text.encode("utf-8", "backslashreplace").decode()


def _plain(value: Any) -> Any:
    return _storable(value) if isinstance(value, str) else value


def _details(text: str | None) -> dict[str, Any]:
    """The fields that no column has; records hold tuples where JSON has lists."""
    values = json.loads(text or "{}")
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def _loaded(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
