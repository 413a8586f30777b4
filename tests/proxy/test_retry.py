from datetime import UTC, datetime

import pytest

from handrail.proxy.retry import Retries, wished_wait


def test_the_bound_doubles_up_to_the_longest() -> None:
    """Waits grow twofold, never past the longest, and end after the most tries."""
    retries = Retries(4, 1, 5, lambda: 1.0)
    assert [retries.wait(tried) for tried in range(1, 6)] == [1, 2, 4, 5, None]


def test_waits_are_spread() -> None:
    """A wait is drawn from nothing to its bound."""
    assert Retries(1, 2, 5, lambda: 0.0).wait(1) == 0
    assert Retries(1, 2, 5, lambda: 0.25).wait(1) == 0.5


def test_what_the_upstream_asks_for_is_kept_to() -> None:
    """A wish within the bound is waited for at least; a longer one ends the trying."""
    retries = Retries(2, 1, 5, lambda: 0.5)
    assert retries.wait(1, 4.0) == 4
    assert retries.wait(1, 5.1) is None
    assert retries.wait(1, 0.0) == 0.5


def test_no_retries() -> None:
    """With none allowed the first failure is the last."""
    assert Retries(0, 1, 5).wait(1) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("7", 7),
        (" 7 ", 7),
        ("Mon, 23 Nov 2026 12:00:30 GMT", 30),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("²", None),
        ("", None),
    ],
)
def test_retry_after_is_read(value: str | None, seconds: float | None) -> None:
    """Seconds and dates are understood; anything else is no wish."""
    assert wished_wait(value, datetime(2026, 11, 23, 12, 0, tzinfo=UTC)) == seconds
