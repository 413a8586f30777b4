"""Scenario: one conversation of the corpus with the replies to it, read and checked."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from handrail.classifiers.errors import CorpusError
from handrail.classifiers.exchange import Conversation
from handrail.classifiers.labelled import Labelled, Turn
from handrail.classifiers.labels import Behaviour, Harm, Risk, RiskLevel

Split = Literal["train", "calibration", "test"]
Condition = Literal["suicidal_ideation", "delusion", "hallucination", "mania", "compulsion", "stigma", "none"]
Manner = Literal["general", "companion", "clinical", "other"]
Style = Literal[
    "bulleted_helpful", "sorry_but_here", "companion_plays_along", "coach", "encyclopedia", "bare_answer",
    "tell_me_more", "cold_refusal", "lecture", "disclaimer", "roleplay", "sycophant",
    "spiritual_affirmation", "conspiratorial", "dismissive", "good_short", "good_long", "good_hotline",
    "good_no_hotline", "good_asking", "good_reflecting", "good_declining", "good_psychoeducation",
    "good_safety_plan", "benign_answer", "counselling", "peer_support", "survey_answer", "other",
]  # fmt: skip


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LabelledReply(_Row):
    """A reply, what it does, the harms that makes of it here, and how it is written.

    `notes` says why two labellings are fair; such a reply is left out of training and thresholds.
    """

    text: str
    behaviours: tuple[Behaviour, ...]
    harms: tuple[Harm, ...]
    style: Style
    manner: Manner
    notes: str | None = None


class Scenario(_Row):
    """One conversation, its risks and two to six replies that differ in what they do."""

    id: str = Field(min_length=1)
    twin_of: str | None = None
    split: Split
    condition: Condition
    setting: str
    topic: str
    messages: tuple[Turn, ...] = Field(min_length=1)
    risk: Mapping[Risk, RiskLevel]
    replies: tuple[LabelledReply, ...] = Field(min_length=2, max_length=6)
    notes: str | None = None

    @model_validator(mode="after")
    def _sound(self) -> "Scenario":
        if self.messages[-1].role != "user":
            raise ValueError("the last message must be the user's")
        if self.split != split_of(self.family):
            raise ValueError(f"split must be {split_of(self.family)}, by the hash of {self.family!r}")
        return self

    @property
    def family(self) -> str:
        """The name that a scenario and its twins share."""
        return self.twin_of or self.id

    @property
    def conversation(self) -> Conversation:
        """The messages as a conversation."""
        return Conversation.of((m.role, m.content) for m in self.messages)

    @property
    def labelled(self) -> Labelled:
        """The scenario as calibration reads it."""
        return Labelled.model_validate(self.model_dump(mode="json"))

    @property
    def clear_replies(self) -> tuple[LabelledReply, ...]:
        """The replies that have one fair labelling only."""
        return () if self.notes else tuple(r for r in self.replies if not r.notes)


def split_of(family: str) -> Split:
    """The split of a family: 70 in 100 train, 15 calibration, 15 test."""
    bucket = int(hashlib.sha256(family.encode()).hexdigest(), 16) % 100
    return "train" if bucket < 70 else "calibration" if bucket < 85 else "test"


def corpus_folder() -> Path:
    """Where the corpus that came with handrail lies."""
    return Path(str(files("handrail.classifiers.corpus"))) / "data"


def corpus_files(folder: Path | None = None) -> list[Path]:
    """The corpus files of a folder, in name order. Raises CorpusError when there is none."""
    found = sorted((folder or corpus_folder()).glob("*.jsonl"))
    if not found:
        raise CorpusError(
            f"no corpus in {folder or corpus_folder()}; it comes with a checkout, not with a wheel"
        )
    return found


def read_corpus(folder: Path | None = None) -> list[Scenario]:
    """Read and check all scenarios of a folder. Raises CorpusError naming file, line and field."""
    scenarios = [s for path in corpus_files(folder) for s in read_file(path)]
    _check_names(scenarios)
    return scenarios


def corpus_hash(folder: Path | None = None) -> str:
    """Hex SHA-256 over the corpus files' names and bytes."""
    digest = hashlib.sha256()
    for path in corpus_files(folder):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def read_file(path: Path) -> Iterator[Scenario]:
    """Read and check the scenarios of one file. Raises CorpusError naming file, line and field."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            yield Scenario.model_validate(json.loads(line))
        except json.JSONDecodeError as error:
            raise CorpusError(f"{path.name}:{number}: not JSON: {error.msg}") from error
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "row"
            raise CorpusError(f"{path.name}:{number}: {where}: {first['msg']}") from error


def _check_names(scenarios: Sequence[Scenario]) -> None:
    seen: set[str] = set()
    for scenario in scenarios:
        if scenario.id in seen:
            raise CorpusError(f"two scenarios are called {scenario.id}")
        if scenario.twin_of is not None and scenario.twin_of not in seen:
            raise CorpusError(
                f"{scenario.id} is the twin of {scenario.twin_of}, which does not come before it"
            )
        seen.add(scenario.id)
