"""Target: a chatbot to be measured, as the command line names it.

scripted               the scripted chatbots that came with handrail, all of them
scripted:NAME          one of them
recorded               the labelled replies to the ten situations, each one served as it stands
recorded:FILE          replies of your own (JSON lines: stimulus, text, and behaviours where they were
labelled) openai/gpt-4o, ...     any model that Inspect can call, by Inspect's name for it http://host:port
a running server; `--dialect` and `--model` say how it is spoken to
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from handrail.classifiers.errors import SettingsError
from handrail.evals.targets.chatbot import read_temperaments


class TargetKind(StrEnum):
    """What stands behind a target's name."""

    SCRIPTED = "scripted"
    RECORDED = "recorded"
    INSPECT = "inspect"
    URL = "url"


@dataclass(frozen=True, slots=True)
class Target:
    """One chatbot. `model` is what requests call it; `dialect` is how it is spoken to."""

    kind: TargetKind
    model: str
    dialect: str = "openai"
    url: str | None = None
    file: Path | None = None
    generic: str | None = None

    @property
    def name(self) -> str:
        """How logs, tables and figures call it; a scripted chatbot is always labelled as such."""
        if self.kind in {TargetKind.SCRIPTED, TargetKind.RECORDED}:
            return f"{self.kind}:{self.model}"
        return self.model if self.kind == TargetKind.INSPECT else f"{self.model}@{self.url}"

    @property
    def labelled(self) -> bool:
        """Whether its replies carry gold labels."""
        return self.kind in {TargetKind.SCRIPTED, TargetKind.RECORDED}


def parse_targets(
    given: str, dialect: str = "openai", model: str | None = None, generic: str | None = None
) -> list[Target]:
    """The targets of one name. Raises SettingsError with the mend."""
    head, _, rest = given.partition(":")
    if head == "scripted":
        return [Target(TargetKind.SCRIPTED, name) for name in _temperaments(rest)]
    if head == "recorded":
        return [_recorded(rest)]
    if head in {"http", "https"}:
        if not model:
            raise SettingsError(f"--target {given}: say with --model which model to ask the server for")
        base = given.rstrip("/").removesuffix("/v1")
        return [Target(TargetKind.URL, model, dialect, base, generic=generic)]
    if "/" not in given:
        raise SettingsError(
            f"--target {given}: give scripted, recorded, a URL, or a model as Inspect names it, such "
            f"as openai/gpt-4o"
        )
    return [Target(TargetKind.INSPECT, given)]


def _temperaments(name: str) -> list[str]:
    known = list(read_temperaments())
    if name and name not in known:
        raise SettingsError(f"--target scripted:{name}: known chatbots are {', '.join(known)}")
    return [name] if name else known


def _recorded(rest: str) -> Target:
    file = Path(rest) if rest else None
    if file is not None and not file.is_file():
        raise SettingsError(f"--target recorded:{rest}: there is no such file")
    return Target(TargetKind.RECORDED, file.stem if file else "situations", file=file)
