"""Custody: how a store is to keep what it is given, the same for every store."""

from dataclasses import dataclass, field

from handrail.proxy.journal.vault import Vault


@dataclass(frozen=True, slots=True)
class Custody:
    """The keys that seal, the operator's secret for pseudonyms if any, and whether escalations are told."""

    vault: Vault = field(default_factory=Vault)
    user_key: bytes | None = None
    alerts: bool = False


PLAIN_CUSTODY = Custody()
# Name and field under which a store keeps, sealed, the secret for pseudonyms it has made itself.
SECRET = ("pseudonyms", "secret")
# Seconds for which an alert is its taker's; then another may take it.
ALERT_LEASE = 60
# Events that are remembered for who comes back after a break.
EVENTS_KEPT = 10_000
