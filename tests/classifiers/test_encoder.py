from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.encoder import Encoder, like_lengths
from handrail.classifiers.errors import ModelError
from handrail.classifiers.exchange import Conversation, Exchange


@given(st.lists(st.integers(1, 400), max_size=60))
def test_groups_hold_everything_once(lengths: list[int]) -> None:
    """Grouping loses no window and repeats none, and little of a group is padding."""
    groups = like_lengths(lengths)
    assert sorted(i for group in groups for i in group) == list(range(len(lengths)))
    for group in groups:
        sizes = [lengths[i] for i in group]
        assert sum(sizes) >= 0.8 * max(sizes) * len(sizes)


def test_company_changes_no_reading(assessor: Assessor) -> None:
    """A window read among others of other lengths is read as if alone, to the quantisation's grain."""
    conversation = Conversation.of([("user", "I can't sleep and I keep checking the door")])
    windows = [
        w
        for reply in ("Try to rest.", "That sounds tiring. " * 6, "How often do you check it?")
        for w in assessor.cut_exchange(Exchange(conversation, reply))
    ]
    together = assessor.encoder.read(windows)
    for window, reading in zip(windows, together, strict=True):
        alone = assessor.encoder.read([window])[0]
        assert reading.logits == pytest.approx(alone.logits, abs=1.0)
        assert reading.evidence.shape == (len(window.ids), len(assessor.manifest.labels))


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    """A file that ONNX Runtime can't load is a ModelError, not a crash."""
    path = tmp_path / "handrail.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(ModelError, match="can't be loaded"):
        Encoder(path)
