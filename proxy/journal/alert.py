"""Alert: what is told of an escalation outside: ids, severity, harms and rules, never a person's words."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handrail.proxy.journal.record import Record


@dataclass(frozen=True, slots=True)
class Alert:
    """An escalation to be told; `attempts` counts the tries so far.

    `id` is the exchange's, so that a receiver can tell a repetition. `ticket` is the store's own mark of
    who has taken it.
    """

    id: str
    at: datetime
    severity: str | None
    harms: tuple[str, ...]
    rules: tuple[str, ...]
    action: str | None
    country: str | None
    attempts: int = 0
    ticket: str = ""


def alert_of(record: Record) -> Alert | None:
    """The alert a record calls for, None where it does not escalate."""
    decision = record.decision or {}
    if not decision.get("escalate"):
        return None
    return Alert(
        id=record.id,
        at=record.at,
        severity=decision.get("severity"),
        harms=tuple(dict.fromkeys(rule["harm"] for rule in decision.get("rules", ()))),
        rules=tuple(rule["id"] for rule in decision.get("rules", ())),
        action=decision.get("action"),
        country=record.country,
    )


def alert_values(alert: Alert) -> dict[str, Any]:
    """What of an alert is kept and told, as plain values."""
    return {
        "id": alert.id,
        "at": alert.at.isoformat(),
        "severity": alert.severity,
        "harms": list(alert.harms),
        "rules": list(alert.rules),
        "action": alert.action,
        "country": alert.country,
    }


def alert_from(values: dict[str, Any], attempts: int, ticket: str) -> Alert:
    """An alert from its plain values."""
    at = datetime.fromisoformat(values["at"])
    lists = {"harms": tuple(values["harms"]), "rules": tuple(values["rules"])}
    return Alert(**{**values, **lists, "at": at, "attempts": attempts, "ticket": ticket})
