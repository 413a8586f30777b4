"""The tables of the SQLite journal, by version. A file of an earlier version is brought up to date."""

import json
import sqlite3
from datetime import datetime

from handrail.classifiers.errors import JournalError
from handrail.policies.decision import Severity
from handrail.proxy.journal.queue import due_by

VERSION = 3

# Version 0, as handrail 0.1 and 0.2 made it.
_EXCHANGES = """
CREATE TABLE IF NOT EXISTS exchanges (
    id TEXT PRIMARY KEY,
    at TEXT NOT NULL,
    dialect TEXT NOT NULL,
    path TEXT NOT NULL,
    country TEXT,
    choice INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('screened', 'failed')),
    action TEXT,
    severity TEXT,
    escalate INTEGER NOT NULL DEFAULT 0,
    messages TEXT NOT NULL,
    reply TEXT NOT NULL,
    delivered TEXT NOT NULL,
    assessment TEXT,
    decision TEXT,
    reason TEXT
)
"""
_QUEUE = """
CREATE INDEX IF NOT EXISTS exchanges_at ON exchanges (at);
ALTER TABLE exchanges ADD COLUMN locale TEXT;
ALTER TABLE exchanges ADD COLUMN user TEXT;
ALTER TABLE exchanges ADD COLUMN session TEXT;
ALTER TABLE exchanges ADD COLUMN details TEXT;
ALTER TABLE exchanges ADD COLUMN sealed_by TEXT;
ALTER TABLE exchanges ADD COLUMN harms TEXT NOT NULL DEFAULT '[]';
ALTER TABLE exchanges ADD COLUMN rules TEXT NOT NULL DEFAULT '[]';
ALTER TABLE exchanges ADD COLUMN due TEXT NOT NULL DEFAULT '';
ALTER TABLE exchanges ADD COLUMN state TEXT NOT NULL DEFAULT 'new';
ALTER TABLE exchanges ADD COLUMN assignee TEXT;
ALTER TABLE exchanges ADD COLUMN claimed_at TEXT;
ALTER TABLE exchanges ADD COLUMN done_at TEXT;
ALTER TABLE exchanges ADD COLUMN readers TEXT NOT NULL DEFAULT '[]';
CREATE INDEX exchanges_state_due ON exchanges (state, due);
CREATE INDEX exchanges_user ON exchanges (user);
CREATE INDEX exchanges_session ON exchanges (session);
CREATE TABLE facets (
    exchange TEXT NOT NULL REFERENCES exchanges (id),
    facet TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (facet, value, exchange)
) WITHOUT ROWID;
CREATE INDEX facets_exchange ON facets (exchange);
CREATE TABLE reviews (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    exchange TEXT NOT NULL REFERENCES exchanges (id),
    reviewer TEXT NOT NULL,
    sealed_by TEXT,
    review TEXT NOT NULL,
    UNIQUE (exchange, reviewer)
);
CREATE TABLE events (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    exchange TEXT NOT NULL
);
CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    did TEXT NOT NULL,
    exchange TEXT,
    detail TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit BEGIN SELECT RAISE (ABORT, 'the trail is kept'); END;
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE (ABORT, 'the trail is kept'); END;
CREATE TABLE alerts (
    id TEXT PRIMARY KEY,
    body TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due REAL NOT NULL DEFAULT 0
);
CREATE INDEX alerts_due ON alerts (due);
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    sealed_by TEXT,
    value TEXT NOT NULL
)
"""
_DAYS = """
ALTER TABLE exchanges ADD COLUMN counted TEXT NOT NULL DEFAULT '[]';
CREATE TABLE days (
    date TEXT NOT NULL,
    name TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (date, name)
) WITHOUT ROWID
"""
# The queue's order and its counts by severity, found without reading the long rows.
_ORDERS = """
DROP INDEX IF EXISTS exchanges_state_due;
DROP INDEX IF EXISTS exchanges_severity;
CREATE INDEX exchanges_state_due ON exchanges (state, due, id);
CREATE INDEX exchanges_severity ON exchanges (severity, state, due, id)
"""


def prepare(connection: sqlite3.Connection) -> None:
    """Bring the tables of a file up to date. Raises JournalError for a file of a later handrail."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise JournalError(
            f"the journal is of version {version}; this handrail knows versions up to {VERSION}"
        )
    for step in (_to_version_1, _to_version_2, _to_version_3)[version:]:
        step(connection)
    connection.execute(f"PRAGMA user_version = {VERSION}")


def add_facets(connection: sqlite3.Connection, name: str, harms: list[str], rules: list[str]) -> None:
    """Make an exchange findable by its harms and rules."""
    facets = [(name, "harm", harm) for harm in harms] + [(name, "rule", rule) for rule in rules]
    connection.executemany("INSERT OR IGNORE INTO facets VALUES (?, ?, ?)", facets)


def _to_version_1(connection: sqlite3.Connection) -> None:
    connection.execute(_EXCHANGES)
    for statement in _statements(_QUEUE):
        connection.execute(statement)
    for row in connection.execute("SELECT id, at, severity, decision FROM exchanges").fetchall():
        _queue_up(connection, row)


def _to_version_2(connection: sqlite3.Connection) -> None:
    for statement in _statements(_DAYS):
        connection.execute(statement)


def _to_version_3(connection: sqlite3.Connection) -> None:
    for statement in _statements(_ORDERS):
        connection.execute(statement)


def _queue_up(connection: sqlite3.Connection, row: sqlite3.Row) -> None:
    """Give an exchange of version 0 its place in the queue."""
    rules = (json.loads(row["decision"]) if row["decision"] else {}).get("rules", ())
    harms = list(dict.fromkeys(rule["harm"] for rule in rules))
    names = [rule["id"] for rule in rules]
    due = due_by(datetime.fromisoformat(row["at"]), Severity(row["severity"]) if row["severity"] else None)
    connection.execute(
        "UPDATE exchanges SET harms = ?, rules = ?, due = ? WHERE id = ?",
        (json.dumps(harms), json.dumps(names), due.isoformat(), row["id"]),
    )
    add_facets(connection, row["id"], harms, names)


def _statements(script: str) -> list[str]:
    """The statements of a script; those of a trigger stand on one line."""
    return [statement for statement in script.split(";\n") if statement.strip()]
