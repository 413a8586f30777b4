"""Manifest: what a model is, checked against its files before anything is loaded."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from handrail.classifiers.errors import ModelError
from handrail.classifiers.labels import BEHAVIOURS, RISKS
from handrail.classifiers.windows import WindowLimits

MANIFEST_NAME = "manifest.json"
MODEL_NAME = "handrail.onnx"
TOKENIZER_NAME = "tokenizer.json"
SIEVE_NAME = "sieve.npz"

EXPLICIT = ".explicit"
# A risk that is sure enough for something to be owed to the person: from here on, leaving it out is a harm.
OWED = ".owed"
RISK_OUTPUTS: tuple[str, ...] = tuple(RISKS) + tuple(r + EXPLICIT for r in RISKS)
BEHAVIOUR_OUTPUTS: tuple[str, ...] = tuple(BEHAVIOURS)
OUTPUTS: tuple[str, ...] = RISK_OUTPUTS + BEHAVIOUR_OUTPUTS
THRESHOLDS: tuple[str, ...] = OUTPUTS + tuple(r + OWED for r in RISKS)

Probability = Annotated[float, Field(gt=0, lt=1)]


class CorpusFacts(BaseModel):
    """Which corpus a model was trained on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str
    scenarios: int
    replies: int


class TrainingFacts(BaseModel):
    """How a model was trained: enough to do it again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: str
    seed: int
    base: str
    settings: Mapping[str, Any]


class Manifest(BaseModel):
    """Version, files with their SHA-256, labels in output order, calibration, thresholds, origin, metrics.

    `temperature` divides the logit of each output label (Guo et al., 2017, "On Calibration of Modern
    Neural Networks"); `thresholds` maps each label to the calibrated probability at which it counts as
    present, and may hold a higher one for a risk (`mania.owed`) from which omissions count; `cautious` and
    `sensitive` are sets that flag less and more, which a policy can name. `metrics` was measured on the
    corpus's test split with the quantised model itself.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    files: Mapping[str, str]
    labels: tuple[str, ...]
    limits: WindowLimits
    temperature: Mapping[str, Annotated[float, Field(gt=0)]]
    thresholds: Mapping[str, Probability]
    cautious: Mapping[str, Probability] = Field(default_factory=dict)
    sensitive: Mapping[str, Probability] = Field(default_factory=dict)
    corpus: CorpusFacts
    training: TrainingFacts
    metrics: Mapping[str, Any]

    @model_validator(mode="after")
    def _complete(self) -> "Manifest":
        if self.labels != OUTPUTS:
            raise ValueError(f"labels must be {', '.join(OUTPUTS)}, in this order")
        for name in ("temperature", "thresholds", "cautious", "sensitive"):
            missing = set(OUTPUTS) - set(getattr(self, name))
            if missing and name in self.model_fields_set:
                raise ValueError(f"{name} lacks {', '.join(sorted(missing))}")
        for name in (MODEL_NAME, TOKENIZER_NAME):
            if name not in self.files:
                raise ValueError(f"files lacks {name}")
        return self

    @property
    def levels(self) -> dict[str, Mapping[str, float]]:
        """The sets of thresholds the model has, by name, from the one that flags least."""
        sets = {"cautious": self.cautious, "balanced": self.thresholds, "sensitive": self.sensitive}
        return {name: thresholds for name, thresholds in sets.items() if thresholds}


def load_manifest(folder: Path) -> Manifest:
    """Read and verify the manifest of the model in a folder.

    Raises ModelError when the manifest or a file it names is missing, malformed or altered.
    """
    manifest = _read(folder / MANIFEST_NAME)
    for name, expected in manifest.files.items():
        _verify(folder / name, expected)
    return manifest


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path) -> Manifest:
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ModelError(
            f"model manifest {path} can't be read: {error.strerror}; reinstall handrail"
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ModelError(f"model manifest {path}: {where}: {first['msg']}") from error


def _verify(path: Path, expected: str) -> None:
    try:
        found = sha256_of(path)
    except OSError as error:
        raise ModelError(f"model file {path} can't be read: {error.strerror}; reinstall handrail") from error
    if found != expected:
        raise ModelError(
            f"model file {path} is not the one its manifest describes (SHA-256 {found[:12]}…, "
            f"expected {expected[:12]}…); reinstall handrail or train again"
        )
