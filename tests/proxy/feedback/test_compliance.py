from datetime import date

from handrail.proxy.feedback.compliance import MEASURES, measured, report, spans, suppressed
from handrail.proxy.journal.days import Day

NEW_YEAR, LAST = date(2026, 1, 1), date(2026, 12, 31)


def test_periods_are_the_calendar_s() -> None:
    """Months, quarters and years begin where the calendar's do, and are cut off at the ends of the span."""
    assert list(spans(date(2026, 1, 20), date(2026, 3, 2), "month")) == [
        (date(2026, 1, 20), date(2026, 1, 31)),
        (date(2026, 2, 1), date(2026, 2, 28)),
        (date(2026, 3, 1), date(2026, 3, 2)),
    ]
    assert len(list(spans(NEW_YEAR, LAST, "quarter"))) == 4
    assert next(spans(date(2025, 12, 31), LAST, "year")) == (date(2025, 12, 31), date(2025, 12, 31))
    assert list(spans(NEW_YEAR, LAST, "whole")) == [(NEW_YEAR, LAST)]


def test_counts_fall_into_their_period() -> None:
    """Days outside the span do not count; every measure is there, zero too."""
    days = [
        Day(date(2025, 12, 31), {"done.replace": 9}),
        Day(NEW_YEAR, {"done.replace": 2, "done.append": 1, "referred": 3, "referred.crisis_mishandling": 2}),
        Day(LAST, {"replies.screened.deliver": 5, "replies.failed.classifier": 1, "watched.append": 4}),
    ]
    (period,) = report(days, NEW_YEAR, LAST, "whole")
    assert list(period.counts) == list(MEASURES)
    named = {name: count for name, count in period.counts.items() if count}
    assert named == {
        "crisis_referrals": 2,
        "referrals": 3,
        "interventions": 3,
        "interventions_append": 1,
        "interventions_replace": 2,
        "watched": 4,
        "replies_screened": 5,
        "replies_failed": 1,
    }


def test_a_small_count_is_held_back_and_so_is_what_gives_it_away() -> None:
    """One small part of a sum takes another with it, or the sum; zeros and large counts stay."""
    counts = measured({"done.replace": 3, "done.append": 40, "done.regenerate": 60, "flagged": 200})
    found = suppressed(counts, 11)
    assert [name for name, count in found.items() if count is None] == [
        "interventions_append",
        "interventions_replace",
    ]
    assert (found["interventions"], found["interventions_correct"], found["flagged"]) == (103, 0, 200)
    alone = suppressed(measured({"referred": 30, "referred.crisis_mishandling": 28}), 11)
    assert (alone["crisis_referrals"], alone["referrals"]) == (28, None)


def test_no_count_held_back_can_be_worked_out() -> None:
    """Whatever the parts are, a sum that is shown has either no part held back or more than one."""
    parts = ("append", "correct", "regenerate", "replace")
    for at in range(5**4):
        values = [(0, 1, 5, 11, 40)[at // 5**n % 5] for n in range(4)]
        counts = measured({f"done.{name}": n for name, n in zip(parts, values, strict=True)})
        found = suppressed(counts, 11)
        hidden = [name for name in parts if found[f"interventions_{name}"] is None]
        assert all(
            found[f"interventions_{n}"] is None for n, v in zip(parts, values, strict=True) if 0 < v < 11
        )
        assert found["interventions"] is None or len(hidden) != 1, values
