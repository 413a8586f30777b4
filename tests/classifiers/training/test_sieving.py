from handrail.classifiers.training.sieving import make_sieve
from handrail.classifiers.windows import Window


def _window(*ids: int) -> Window:
    return Window(ids, (0,) * len(ids), (None,) * len(ids))


def test_a_sieve_learns_its_topic() -> None:
    """Windows on the topic pass, others don't, and the threshold spares what it was set by."""
    on, off = [_window(1, 5, n % 4 + 10) for n in range(40)], [_window(1, 6, n % 4 + 10) for n in range(40)]
    sieve = make_sieve(on + off, [True] * 40 + [False] * 40, on[:10], 20)
    assert all(sieve.passes([w]) for w in on)
    assert not any(sieve.passes([w]) for w in off)


def test_without_anything_to_set_it_by_all_pass() -> None:
    """A sieve that could not be checked against stigma lets everything through."""
    windows = [_window(1, 2), _window(1, 3)]
    sieve = make_sieve(windows, [True, False], [], 10)
    assert all(sieve.passes([w]) for w in windows)
