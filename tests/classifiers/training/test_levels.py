import shutil
from pathlib import Path

import pytest

from handrail.classifiers.assessor import default_model_folder
from handrail.classifiers.errors import ModelError
from handrail.classifiers.manifest import MANIFEST_NAME
from handrail.classifiers.training.levels import with_levels


@pytest.mark.train
def test_the_shipped_sets_come_out_again() -> None:
    """Reading the calibration split again gives the shipped manifest, to the last digit."""
    folder = default_model_folder()
    assert with_levels(folder).model_dump_json(indent=2) + "\n" == (folder / MANIFEST_NAME).read_text()


def test_a_model_of_another_corpus_is_refused(tmp_path: Path) -> None:
    """No sets are made for a model that was not calibrated on this corpus."""
    folder = Path(shutil.copytree(default_model_folder(), tmp_path / "model"))
    text = (folder / MANIFEST_NAME).read_text()
    (folder / MANIFEST_NAME).write_text(text.replace('"sha256": "a', '"sha256": "b'))
    with pytest.raises(ModelError, match="another corpus"):
        with_levels(folder)
