import pytest

from handrail.proxy.breaker import Breaker, State


class Clock:
    """Time that passes when a test says so."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(clock: Clock) -> Breaker:
    breaker = Breaker(3, 10, clock)
    for _ in range(3):
        assert breaker.admit() is None
        breaker.failed()
    return breaker


def test_failures_in_a_row_open_it(opened: Breaker) -> None:
    """After its failures in a row it refuses, and says for how long."""
    assert opened.state == State.OPEN
    assert opened.admit() == 10


def test_a_success_between_failures_keeps_it_closed(clock: Clock) -> None:
    """Failures that are not in a row never open it."""
    breaker = Breaker(3, 10, clock)
    for outcome in (breaker.failed, breaker.failed, breaker.succeeded) * 3:
        assert breaker.admit() is None
        outcome()
    assert breaker.state == State.CLOSED


def test_after_its_rest_one_request_is_tried(opened: Breaker, clock: Clock) -> None:
    """Half open, exactly one request passes until its outcome is known."""
    clock.now += 10
    assert opened.state == State.HALF_OPEN
    assert opened.admit() is None
    assert opened.admit() is not None


def test_a_trial_that_succeeds_closes_it(opened: Breaker, clock: Clock) -> None:
    """When the trial is answered, everything passes again, and failures are counted afresh."""
    clock.now += 10
    opened.admit()
    opened.succeeded()
    opened.failed()
    assert opened.state == State.CLOSED
    assert opened.admit() is None


def test_a_trial_that_fails_opens_it_again(opened: Breaker, clock: Clock) -> None:
    """When the trial fails, the rest begins anew."""
    clock.now += 10
    opened.admit()
    opened.failed()
    assert opened.admit() == 10


def test_a_trial_that_tells_nothing_makes_way(opened: Breaker, clock: Clock) -> None:
    """A trial whose client left doesn't block the next one."""
    clock.now += 10
    opened.admit()
    opened.abandoned()
    assert opened.admit() is None


def test_late_failures_don_t_prolong_the_rest(opened: Breaker, clock: Clock) -> None:
    """Requests that were under way when it opened don't make the rest longer."""
    clock.now += 6
    opened.failed()
    assert opened.admit() == 4


def test_none_never_opens() -> None:
    """With 0 failures in the settings it stays closed whatever happens."""
    breaker = Breaker(0, 10)
    for _ in range(50):
        breaker.failed()
    assert breaker.admit() is None
