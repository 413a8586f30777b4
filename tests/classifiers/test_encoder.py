import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.encoder import Encoder
from handrail.classifiers.errors import ModelError
from handrail.classifiers.exchange import Conversation, Exchange


def test_a_window_always_reads_the_same(assessor: Assessor) -> None:
    """Whatever is read before and after, and on whichever thread, the same window gives the same bits."""
    conversation = Conversation.of([("user", "I can't sleep and I keep checking the door")])
    replies = ("Try to rest.", "That sounds tiring. " * 6, "How often do you check it?")
    windows = [w for reply in replies for w in assessor.cut_exchange(Exchange(conversation, reply))]
    first = [assessor.encoder.read(w) for w in windows]
    with ThreadPoolExecutor(3) as pool:
        again = list(pool.map(assessor.encoder.read, windows * 4))
    for window, reading in zip(windows, first, strict=True):
        assert reading.evidence.shape == (len(window.ids), len(assessor.manifest.labels))
    for number, reading in enumerate(again):
        assert (reading.logits == first[number % len(windows)].logits).all()


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    """A file that ONNX Runtime can't load is a ModelError, not a crash."""
    path = tmp_path / "handrail.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(ModelError, match="can't be loaded"):
        Encoder(path)


def test_the_runtime_keeps_no_trace_of_the_machine(tmp_path: Path) -> None:
    """Loading the model and reading with it leaves nothing in the home folder: no device id, no telemetry."""
    program = (
        "from handrail.classifiers.assessor import Assessor\n"
        "from handrail.classifiers.exchange import Conversation\n"
        "Assessor.load().read_risk(Conversation.of([('user', 'I can not sleep')]))\n"
    )
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    assert list(tmp_path.rglob("*")) == []
