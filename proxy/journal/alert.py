"""Alert: what is told of an escalation outside: ids, severity, harms and rules, never a person's words."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


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


def alert_of(row: Mapping[str, Any]) -> Alert | None:
    """The alert that an exchange calls for, from its row; None where it does not escalate."""
    if not row["escalate"]:
        return None
    return Alert(
        id=row["id"],
        at=datetime.fromisoformat(row["at"]),
        severity=row["severity"],
        harms=tuple(json.loads(row["harms"])),
        rules=tuple(json.loads(row["rules"])),
        action=row["action"],
        country=row["country"],
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


def alert_from(values: Mapping[str, Any], attempts: int, ticket: str) -> Alert:
    """An alert from its plain values."""
    at = datetime.fromisoformat(values["at"])
    lists = {"harms": tuple(values["harms"]), "rules": tuple(values["rules"])}
    return Alert(**{**values, **lists, "at": at, "attempts": attempts, "ticket": ticket})
