"""Levels: the cautious and the sensitive thresholds of a model, without training it again.

    python -m handrail.classifiers.training.levels [FOLDER]

reads the calibration split of the corpus with the model in FOLDER (default: the shipped one), applies the
rule of calibration.py with tighter and wider bounds, and writes both sets into the manifest.
"""

import sys
from pathlib import Path

from handrail.classifiers.assessor import Assessor, default_model_folder
from handrail.classifiers.calibration import Bounds, score, sets_of
from handrail.classifiers.corpus.rows import corpus_hash, read_corpus
from handrail.classifiers.errors import ModelError
from handrail.classifiers.manifest import MANIFEST_NAME, Manifest


def with_levels(folder: Path) -> Manifest:
    """The manifest of a model with its sets of thresholds.

    Raises ModelError when the model is of another corpus, or when its own thresholds don't come out again:
    then the sets would not be of one calibration.
    """
    assessor = Assessor.load(folder)
    manifest = assessor.manifest
    if manifest.corpus.sha256 != corpus_hash(None):
        raise ModelError("the model was calibrated on another corpus; train again")
    rows = [s.labelled for s in read_corpus() if s.split == "calibration"]
    sets = sets_of(score(assessor, rows), Bounds())
    if sets["thresholds"] != manifest.thresholds:
        raise ModelError("the model's own thresholds did not come out again; train again")
    return manifest.model_copy(update=sets)


def main(arguments: list[str]) -> None:
    """Write the sets into the manifest of a model folder."""
    folder = Path(arguments[0]) if arguments else default_model_folder()
    text = with_levels(folder).model_dump_json(indent=2)
    (folder / MANIFEST_NAME).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
