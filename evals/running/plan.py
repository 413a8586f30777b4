"""Plan: what a run asks of whom, and how; and its tasks, each one of Inspect's."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handrail.classifiers.errors import SettingsError
from handrail.evals.experiments.arm import ARMS, Arm
from handrail.evals.judges.judge import JudgeKind, require_judge
from handrail.evals.targets.target import Target, TargetKind

EXPERIMENTS = ("appropriate", "stigma", "free_text", "drift", "harmless", "mapping")
_FILE = "plan.json"


@dataclass(frozen=True, slots=True)
class Plan:
    """A run. `thorough` takes all of each design, else the seed draws some; `limit` cuts each task."""

    targets: tuple[Target, ...]
    arms: tuple[Arm, ...] = ARMS
    experiments: tuple[str, ...] = EXPERIMENTS
    judge: str = "gold"
    seed: int = 0
    thorough: bool = False
    guard_settings: Path | None = None
    limit: int | None = None

    def __post_init__(self) -> None:
        kind = require_judge(self.judge)
        unlabelled = [t.name for t in self.targets if not t.labelled]
        if kind == JudgeKind.GOLD and unlabelled:
            raise SettingsError(
                f"nobody labelled the replies of {', '.join(unlabelled)}: name a language model with --judge"
            )

    @property
    def tasks(self) -> list["Job"]:
        """Every task of the run."""
        return [
            Job(experiment, target, arm)
            for experiment in self.experiments
            for target in self.targets
            for arm in self.arms
            if _fits(experiment, target, arm) and self._wants(experiment, target)
        ]

    def _wants(self, experiment: str, target: Target) -> bool:
        """The rubric needs a model to read it; to harmless messages all scripted chatbots say the same."""
        if experiment == "harmless" and target.kind == TargetKind.SCRIPTED:
            return target == next(t for t in self.targets if t.kind == TargetKind.SCRIPTED)
        return experiment != "mapping" or self.judged_by_model

    @property
    def judged_by_model(self) -> bool:
        """Whether a model judges; the rubric of the mapping review has no labels, so it asks for one."""
        return require_judge(self.judge) == JudgeKind.MODEL

    def facts(self) -> dict[str, Any]:
        """All that the run's outcome depends on."""
        return {
            "targets": [t.name for t in self.targets],
            "dialects": [t.dialect for t in self.targets],
            "arms": list(map(str, self.arms)),
            "experiments": list(self.experiments),
            "judge": self.judge,
            "seed": self.seed,
            "thorough": self.thorough,
            "limit": self.limit,
            "guard_settings": self.guard_settings.read_text(encoding="utf-8")
            if self.guard_settings
            else None,
        }


@dataclass(frozen=True, slots=True)
class Job:
    """One experiment on one target in one arm."""

    experiment: str
    target: Target
    arm: Arm


def _fits(experiment: str, target: Target, arm: Arm) -> bool:
    """Recorded replies answer stimuli alone, and no prompt changes them; shadow is shown once."""
    if target.kind == TargetKind.RECORDED:
        return experiment == "appropriate" and not arm.prompted
    return arm != Arm.SHADOW or experiment == "appropriate"


def claim(folder: Path, plan: Plan) -> bool:
    """Make a folder the run's own, or take up the same run in it; whether it had begun.

    Raises SettingsError where the folder holds another run.
    """
    file = folder / _FILE
    facts: Mapping[str, Any] = json.loads(json.dumps(plan.facts()))
    if file.exists():
        if json.loads(file.read_text(encoding="utf-8")) != facts:
            raise SettingsError(
                f"--out {folder}: holds another run; give another folder, or the same options as then"
            )
        return True
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    return False


def read_facts(folder: Path) -> Mapping[str, Any]:
    """What a run's folder says of it. Raises SettingsError where there is none."""
    try:
        facts: Mapping[str, Any] = json.loads((folder / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{folder}: holds no run of the experiments") from error
    return facts
