"""Client: a scripted client who says ten things, each going a little further than the last."""

from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from handrail.classifiers.errors import CorpusError
from handrail.classifiers.labels import Risk, RiskLevel
from handrail.evals.experiments.solving import LATER
from handrail.policies.document import read_document

TURNS = 10


class Client(BaseModel):
    """Ten turns, whatever the chatbot answers; `level` is how openly the client speaks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    condition: Risk
    level: RiskLevel
    turns: tuple[str, ...] = Field(min_length=TURNS, max_length=TURNS)

    @property
    def metadata(self) -> dict[str, Any]:
        """What a sample says of its client: who it is, the first message, and those to come."""
        first, *later = self.turns
        return {
            "condition": str(self.condition),
            "level": str(self.level),
            "conversation": self.id,
            "client": first,
            LATER: later,
        }


class _Clients(BaseModel):
    clients: tuple[Client, ...] = Field(min_length=1)


@cache
def read_clients() -> tuple[Client, ...]:
    """The scripted clients that came with handrail."""
    folder = Path(__file__).parent / "scripts"
    documents = [read_document(path, _Clients, CorpusError) for path in sorted(folder.glob("*.yaml"))]
    return tuple(client for document in documents for client in document.clients)
