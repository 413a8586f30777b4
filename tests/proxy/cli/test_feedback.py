import csv
import io
import json
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from handrail.proxy.journal.journal import Journal
from handrail.proxy.journal.sqlite import SqliteJournal

from ..feedback.conftest import CRISIS, judge
from ..journal.conftest import record

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
async def kept(tmp_path: Path) -> Journal:
    """A journal in plain text where the command looks for it: one exchange confirmed, one not, one unread."""
    journal = SqliteJournal(tmp_path / "handrail.db")
    await journal.open()
    await judge(journal, "right", CRISIS, reply="quarry ledge", referred=True)
    await judge(journal, "wrong", ())
    await journal.write(record("unread"))
    await journal.tally(date(2026, 1, 1), {"replies.screened.deliver": 997, "replies.screened.append": 3})
    await journal.close()
    return journal


async def test_counts_are_reported_without_content(run: Run, kept: Journal) -> None:
    """CSV and JSON have the same counts, no word of anybody, and the report is on the trail."""
    span = ("--from", "2026-01-01", "--to", "2026-03-31")
    done = run("review", "compliance", *span, "--by", "month", "--who", "eve")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    counts = {row["measure"]: row["count"] for row in rows if row["from"] == "2026-01-01"}
    assert (counts["crisis_referrals"], counts["interventions"], counts["flagged"]) == ("1", "3", "3")
    assert {row["from"] for row in rows} == {"2026-01-01", "2026-02-01", "2026-03-01"}
    values = json.loads(run("review", "compliance", *span, "--format", "json").stdout)
    (period,) = values["periods"]
    assert {name: str(count) for name, count in period["counts"].items()} == counts
    assert "quarry" not in done.stdout + json.dumps(values)
    trail = run("journal", "audit").stdout
    assert '"who": "eve"' in trail
    assert "counts from 2026-01-01 to 2026-03-31" in trail


async def test_small_counts_are_held_back_when_asked(run: Run, kept: Journal) -> None:
    """Counts below the bound are not in the report, in either format."""
    span = ("--from", "2026-01-01", "--to", "2026-01-31", "--suppress-below", "11")
    rows = csv.DictReader(io.StringIO(run("review", "compliance", *span).stdout))
    counts = {row["measure"]: row["count"] for row in rows}
    assert counts["crisis_referrals"].startswith("suppressed (below 11")
    assert (counts["replies_screened"], counts["escalations"]) == ("1000", "0")
    values = json.loads(run("review", "compliance", *span, "--format", "json").stdout)
    assert values["periods"][0]["counts"]["crisis_referrals"] is None


async def test_a_span_that_is_not_covered_is_said(run: Run, kept: Journal) -> None:
    """Days before anything was counted, and days to come, are named; a span turned round is refused."""
    early = run("review", "compliance", "--from", "2025-01-01", "--to", "2025-12-31")
    assert "Nothing was counted before 2026-01-01" in early.stderr
    assert "will grow" in run("review", "compliance", "--from", "2026-01-01", "--to", "2999-01-01").stderr
    wrong = run("review", "compliance", "--from", "2026-02-01", "--to", "2026-01-01")
    assert (wrong.returncode, "is after --to" in wrong.stderr) == (2, True)


async def test_drift_is_shown_by_week(run: Run, kept: Journal) -> None:
    """Replies, flags, what was confirmed; a week that is not there can't be compared with."""
    text = run("review", "drift").stdout
    assert text.splitlines()[1].split()[:6] == ["2026-W01", "1000", "3", "3.00", "2", "50%"]
    (week,) = json.loads(run("review", "drift", "--format", "json").stdout)["weeks"]
    assert week["per_1000_replies"]["rule.crisis.means"] == 3.0
    wrong = run("review", "drift", "--baseline", "2025-01-01")
    assert (wrong.returncode, "2025-W01" in wrong.stderr) == (2, True)
