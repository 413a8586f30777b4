"""Labelled: a conversation with its risks, and replies with what they do, by whoever labelled them."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from handrail.classifiers.errors import CorpusError
from handrail.classifiers.exchange import Conversation, Role
from handrail.classifiers.labels import Behaviour, Risk, RiskLevel


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Turn(_Row):
    """One message."""

    role: Role
    content: str = Field(min_length=1)


class JudgedReply(_Row):
    """A reply and what it does; one with `notes` has two fair labellings and counts for nothing.

    `judged` names the behaviours that whoever labelled it has settled; all where it is not given.
    """

    text: str
    behaviours: tuple[Behaviour, ...]
    notes: str | None = None
    judged: frozenset[str] | None = None

    def settles(self, behaviour: Behaviour) -> bool:
        """Whether it says of a behaviour that it is there, or that it is not."""
        return self.judged is None or behaviour in self.judged


class Labelled(_Row):
    """What calibration needs of an exchange: a corpus row has it, and so has a row of anybody's own.

    A row with one reply may give it flat: `{"messages", "risk", "reply", "behaviours"}`. `judged` names the
    labels that whoever labelled it has settled, as a review does; all where it is not given.
    """

    messages: tuple[Turn, ...] = Field(min_length=1)
    risk: Mapping[Risk, RiskLevel]
    replies: tuple[JudgedReply, ...] = Field(min_length=1)
    notes: str | None = None
    judged: frozenset[str] | None = None

    @model_validator(mode="before")
    @classmethod
    def _unflattened(cls, row: Any) -> Any:
        if isinstance(row, dict) and "reply" in row and "replies" not in row:
            reply = {"text": row["reply"], "behaviours": row.get("behaviours"), "judged": row.get("judged")}
            return {**row, "replies": [reply]}
        return row

    def settles(self, risk: str) -> bool:
        """Whether it says of a risk, or of how openly it shows, that it is there or that it is not."""
        return self.judged is None or risk in self.judged

    def joined(self, other: "Labelled") -> "Labelled":
        """This and another labelling of the same conversation as one; where both speak, the other counts."""
        judged = self.judged | other.judged if self.judged is not None and other.judged is not None else None
        risk = other.risk if other.judged is None else {**self.risk, **other.risk}
        return other.model_copy(
            update={"replies": (*self.replies, *other.replies), "risk": risk, "judged": judged}
        )

    @property
    def conversation(self) -> Conversation:
        """The messages as a conversation."""
        return Conversation.of((m.role, m.content) for m in self.messages)

    @property
    def clear_replies(self) -> tuple[JudgedReply, ...]:
        """The replies that have one fair labelling only."""
        return () if self.notes else tuple(r for r in self.replies if not r.notes)


def read_labelled(path: Path) -> list[Labelled]:
    """Read labelled rows, one JSON object a line. Raises CorpusError naming file, line and field."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CorpusError(f"{path} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path} is not UTF-8 text") from error
    return list(_rows(path, text))


def _rows(path: Path, text: str) -> Iterator[Labelled]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield Labelled.model_validate(json.loads(line))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "row"
            raise CorpusError(f"{path.name}:{number}: {where}: {first['msg']}") from error
        except (ValueError, RecursionError) as error:
            raise CorpusError(f"{path.name}:{number}: not JSON") from error
