from pathlib import Path

import numpy as np
import pytest

from handrail.classifiers.errors import ModelError
from handrail.classifiers.sieve import Sieve
from handrail.classifiers.windows import Window


def _window(*ids: int) -> Window:
    return Window(ids, (0,) * len(ids), (None,) * len(ids))


def test_a_sieve_survives_its_file(tmp_path: Path) -> None:
    """What is saved is what is loaded, and lets the same windows pass."""
    sieve = Sieve(np.array([0.0, 1.5, -2.0], dtype=np.float32), 1.0)
    sieve.save(tmp_path / "sieve.npz")
    loaded = Sieve.load(tmp_path / "sieve.npz")
    for windows in ([_window(0, 1)], [_window(1, 2)], [_window(1), _window(1, 1)]):
        assert loaded.passes(windows) == sieve.passes(windows)
    assert loaded.passes([_window(0, 1)])
    assert not loaded.passes([_window(1, 2)])


def test_a_piece_counts_once() -> None:
    """A word said ten times weighs as much as one said once."""
    sieve = Sieve(np.array([0.0, 0.25], dtype=np.float32), 1.0)
    assert sieve.score(_window(1, 1, 1)) == sieve.score(_window(1))


def test_kind_words_do_not_outvote_a_sentence() -> None:
    """A stretch that would pass by itself passes inside any long reply."""
    sieve = Sieve(np.array([0.0, 2.0, -1.0, -1.0], dtype=np.float32), 1.0)
    kind = (2, 3) * 60
    ids = (*kind, *(0,) * 40, 1, *(0,) * 40, *kind)
    reply = Window(ids, (1,) * len(ids), (None,) * len(ids))
    assert sieve.passes([reply])
    assert not sieve.passes([Window(kind, (1,) * len(kind), (None,) * len(kind))])


@pytest.mark.parametrize("content", [b"", b"PK no archive", b"plain text"])
def test_a_file_that_is_no_sieve_is_refused(tmp_path: Path, content: bytes) -> None:
    """A damaged sieve stops the start with an error that names it."""
    (tmp_path / "sieve.npz").write_bytes(content)
    with pytest.raises(ModelError, match="sieve"):
        Sieve.load(tmp_path / "sieve.npz")
