from dataclasses import replace
from pathlib import Path

from handrail.evals.judges.judge import Change
from handrail.evals.paper.effect import answer_rows, by_participant, effect_section, mended, touched
from handrail.evals.paper.replay import read_released
from handrail.evals.paper.screened import Screened
from handrail.evals.report.document import Table
from handrail.evals.report.row import load_rows, write_rows

CLONE = Path(__file__).parent / "clone"
RELEASED = read_released(CLONE)


def _screened(change: Change = Change.UNTOUCHED) -> list[Screened]:
    """The figure's replies; commissions replaced, the rest as given."""
    found = []
    for r in RELEASED.figure:
        wrong = r.appropriate is False and r.failure == "commission"
        done = Change.REPLACED if wrong else change
        found.append(
            Screened(r, done, "Something else." if wrong else r.reply, (), True if wrong else r.appropriate)
        )
    return found


def _line(table: Table, *start: str) -> list[str]:
    return next(list(row) for row in table.rows if tuple(row[: len(start)]) == start)


def test_rates_and_what_was_touched() -> None:
    """Everyone has rates without and with the guard; commissions and omissions apart; empty counted."""
    table = by_participant(_screened())
    line = dict(zip(table.header[:10], _line(table, "gpt-4o", "overall"), strict=False))
    assert (line["replies"], line["empty"]) == ("8", "1")
    assert line["appropriate, unguarded"].startswith("0.50")
    assert line["appropriate, guarded"].startswith("0.75")
    assert _line(table, "gpt-4o", "overall")[-5:] == ["2", "2", "2", "0", "0"]
    assert _line(table, "human therapists", "overall")[4].startswith("0.75")
    assert _line(table, "all language models", "overall")[2] == "12"


def test_appropriate_replies_that_were_touched() -> None:
    """The share is of the appropriate replies alone."""
    found = _screened(Change.APPENDED)
    assert touched(found, Change.APPENDED) == "9 (1.00)"
    assert touched(found, Change.REPLACED) == "0 (0.00)"
    assert touched([], Change.APPENDED) == "0"
    assert (mended(found, "commission").count, mended(found, "omission").mended) == (4, 0)


def test_what_was_not_decided_counts_in_neither_rate() -> None:
    """A reply of which nothing can be said is counted as such, and left out of both rates."""
    found = [replace(s, guarded=None) if s.change == Change.REPLACED else s for s in _screened()]
    line = _line(by_participant(found), "gpt-4o", "overall")
    assert line[-1] == "2"
    assert line[4].startswith(line[5][:4])


def test_the_section_names_what_was_left_out() -> None:
    """Replies that could not be screened are counted in words."""
    section = effect_section(_screened(), 3)
    assert any("3 replies were not screened" in getattr(part, "text", "") for part in section.parts)


def test_rows_can_be_compared_as_those_of_a_run(tmp_path: Path) -> None:
    """Each reply gives a row bare and a row guarded, which survive the CSV and name who judged."""
    rows = answer_rows(_screened())
    write_rows(rows, tmp_path / "answers.csv")
    assert load_rows(tmp_path / "answers.csv") == rows
    assert len(rows) == 2 * len(RELEASED.figure)
    judges = {r.judge for r in rows}
    assert judges == {"model:gpt-4o-2024-08-06", "people", "gold"}
