"""Thresholds: the probability from which a label counts as present, by name or as a number.

Three sets of names come from calibrating a model, each keeping its own bounds on false alarms
(classifiers/calibration.py): `cautious` flags least, `balanced` is what the model came with, `sensitive`
flags most.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from handrail.classifiers.errors import PolicyError
from handrail.classifiers.manifest import OWED

DEFAULT = "default"
Probability = Annotated[float, Field(gt=0, lt=1)]
Levels = Mapping[str, Mapping[str, float]]


class Level(StrEnum):
    """A set of thresholds, from the one that flags least to the one that flags most."""

    CAUTIOUS = "cautious"
    BALANCED = "balanced"
    SENSITIVE = "sensitive"


Threshold = Level | Probability


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The model's sets, and what the policy says for single labels, or for all under `default`."""

    levels: Levels
    policy: Mapping[str, Threshold]

    def require(self, wanted: set[Level]) -> None:
        """Raise PolicyError when a policy asks for a set that the model does not have."""
        missing = sorted({*wanted, Level.BALANCED} - set(self.levels))
        if missing:
            raise PolicyError(
                f"thresholds: this model has no set called {', '.join(missing)}; give numbers, or make it: "
                "python -m handrail.classifiers.training.levels"
            )

    def of(self, label: str, wanted: Threshold | None = None) -> float:
        """The threshold of a label: what is `wanted`, else the policy's for it, for all, the model's.

        A set may do without thresholds for what is owed; then the risk's own holds.
        """
        if wanted is None:
            wanted = self.policy.get(label) or self.policy.get(DEFAULT) or Level.BALANCED
        if not isinstance(wanted, Level):
            return wanted
        found = self.levels[wanted]
        return found[label] if label in found else self.of(label.removesuffix(OWED), wanted)
