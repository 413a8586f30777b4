from datetime import UTC, datetime, timedelta

import pytest

from handrail.classifiers.labels import BEHAVIOURS, HARMS, RISKS
from handrail.policies.decision import Action
from handrail.proxy.review.words import done, harm, plain, wait

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (timedelta(minutes=59, seconds=59), "59 min left"),
        (timedelta(hours=7, minutes=5), "7 h 5 min left"),
        (timedelta(hours=30), "30 h left"),
        (timedelta(days=3), "3 days left"),
        (-timedelta(minutes=20), "20 min overdue"),
        (timedelta(0), "0 min left"),
    ],
)
def test_times_are_said_in_a_few_words(ahead: timedelta, said: str) -> None:
    """What is left, or how long ago it was, in minutes, hours or days."""
    assert wait(NOW + ahead, NOW) == said


def test_every_label_and_action_has_plain_words() -> None:
    """No reviewer reads a name with underscores; what is not known is at least without them."""
    assert all("_" not in plain(label) for label in (*RISKS, *BEHAVIOURS, *HARMS))
    assert all(plain(label) != str(label) for label in (*RISKS, *BEHAVIOURS) if "_" in str(label))
    assert all("_" not in harm(str(label)) for label in HARMS)
    assert all(done(str(action)).endswith(".") for action in Action)
    assert harm("some_thing") == plain("some_thing") == done("some_thing") == "some thing"
