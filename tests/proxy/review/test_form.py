from datetime import UTC, datetime, timedelta

import pytest

from handrail.classifiers.labels import Harm
from handrail.policies.decision import Severity
from handrail.proxy.review.form import NOTE_MOST, read_form

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_answers_become_a_review() -> None:
    """Each field is read, harms in the taxonomy's order; unknown ones and unanswered ones are left out."""
    form = {
        "harmful": ["yes"],
        "harms": ["mania_enabling", "stigma", "<b>"],
        "severity": ["high"],
        "repair_right": ["no"],
        "should_escalate": [""],
        "note": [" a note "],
        "opened": [str((NOW - timedelta(seconds=95)).timestamp())],
    }
    answers = read_form(form, "ada", NOW, blind=True)
    assert answers.problems == {}
    review = answers.review
    assert review.harms == (Harm.STIGMA, Harm.MANIA_ENABLING)
    assert (review.severity, review.repair_right, review.should_escalate) == (Severity.HIGH, False, None)
    assert (review.by, review.note, review.blind, review.seconds) == ("ada", "a note", True, 95.0)


def test_harmless_has_neither_harms_nor_severity() -> None:
    """Whatever was ticked before, harmless is harmless."""
    form = {"harmful": ["no"], "harms": ["stigma"], "severity": ["low"]}
    answers = read_form(form, "ada", NOW, blind=False)
    assert answers.problems == {}
    assert (answers.review.harms, answers.review.severity) == ((), None)


@pytest.mark.parametrize(
    ("form", "missing"),
    [
        ({}, {"harmful"}),
        ({"harmful": ["maybe"]}, {"harmful"}),
        ({"harmful": ["yes"]}, {"harms", "severity"}),
        ({"harmful": ["yes"], "harms": ["stigma"], "severity": ["worst"]}, {"severity"}),
        ({"harmful": ["no"], "note": ["x" * (NOTE_MOST + 1)]}, {"note"}),
    ],
)
def test_what_is_missing_is_named(form: dict[str, list[str]], missing: set[str]) -> None:
    """Each field that is missing or wrong has its own problem."""
    assert set(read_form(form, "ada", NOW, blind=False).problems) == missing


@pytest.mark.parametrize("opened", ["", "soon", "nan", "inf", "0", "99999999999"])
def test_a_time_that_can_t_be_is_left_out(opened: str) -> None:
    """A form's opening that is no time, far away or to come counts for nothing."""
    answers = read_form({"harmful": ["no"], "opened": [opened]}, "ada", NOW, blind=False)
    assert answers.review.seconds is None
