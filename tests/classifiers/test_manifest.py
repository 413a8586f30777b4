import json
import shutil
from pathlib import Path

import pytest

from handrail.classifiers.assessor import Assessor, default_model_folder
from handrail.classifiers.corpus.rows import corpus_hash
from handrail.classifiers.errors import ModelError
from handrail.classifiers.manifest import MANIFEST_NAME, MODEL_NAME, TOKENIZER_NAME, load_manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(default_model_folder(), tmp_path / "model"))


def test_the_shipped_model_was_trained_on_the_shipped_corpus() -> None:
    """The manifest's corpus hash is that of the corpus beside it."""
    assert load_manifest(default_model_folder()).corpus.sha256 == corpus_hash()


def test_the_shipped_model_is_small() -> None:
    """Model and tokenizer together take at most 25 MB."""
    folder = default_model_folder()
    assert sum((folder / n).stat().st_size for n in (MODEL_NAME, TOKENIZER_NAME)) <= 25_000_000


@pytest.mark.parametrize("name", [MODEL_NAME, TOKENIZER_NAME, MANIFEST_NAME])
def test_a_missing_file_stops_the_start(folder: Path, name: str) -> None:
    """A model that lacks a file is not loaded, and the message names the file."""
    (folder / name).unlink()
    with pytest.raises(ModelError, match=name):
        Assessor.load(folder)


@pytest.mark.parametrize("name", [MODEL_NAME, TOKENIZER_NAME])
def test_an_altered_file_stops_the_start(folder: Path, name: str) -> None:
    """A model file that is not the one the manifest describes is not loaded."""
    with (folder / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(ModelError, match=f"{name} is not the one"):
        Assessor.load(folder)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("labels", ["anger"], "labels must be"),
        ("thresholds", {}, "thresholds lacks"),
        ("temperature", {}, "temperature lacks"),
        ("files", {}, "files lacks"),
        ("surprise", 1, "surprise"),
    ],
)
def test_a_manifest_that_is_wrong_says_where(folder: Path, field: str, value: object, message: str) -> None:
    """A manifest with a wrong field is refused by the field's name."""
    path = folder / MANIFEST_NAME
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))
    with pytest.raises(ModelError, match=message):
        load_manifest(folder)
