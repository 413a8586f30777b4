"""Texts: everything handrail itself says to a person, several variants each, in one reviewed place."""

import hashlib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from handrail.classifiers.errors import PolicyError
from handrail.classifiers.exchange import Conversation
from handrail.policies.document import read_document

RESOURCES = "{resources}"
_OPENING = 40


class Texts(BaseModel):
    """Variants by name. `{resources}` stands for the crisis resources of the person's place."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    language: str = Field(pattern=r"^[a-z]{2}$")
    reviewed: str = Field(min_length=1, description="who reviewed the texts, and when")
    texts: Mapping[str, Annotated[tuple[str, ...], Field(min_length=3)]]

    @field_validator("texts")
    @classmethod
    def _sound(cls, texts: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
        for name, variants in texts.items():
            for variant in variants:
                if "{" in variant.replace(RESOURCES, ""):
                    raise ValueError(f"{name}: only {RESOURCES} may stand in braces")
        return {name: tuple(v.strip() for v in variants) for name, variants in texts.items()}

    def require(self, names: set[str]) -> None:
        """Raise PolicyError when a text that a policy names is not there."""
        missing = sorted(names - set(self.texts))
        if missing:
            raise PolicyError(
                f"no texts called {', '.join(missing)}; known are {', '.join(sorted(self.texts))}"
            )

    def choose(self, name: str, conversation: Conversation, resources: str) -> str:
        """The variant to show now: one that this conversation has not seen, while there is one.

        The same conversation always gets the same variant, so that a retry does not read as a change of
        mind; different conversations start at different variants.
        """
        variants = self.texts[name]
        start = _number(conversation) % len(variants)
        turned = variants[start:] + variants[:start]
        seen = "\n".join(conversation.said_by("assistant"))
        fresh = next((v for v in turned if _opening(v) not in seen), turned[0])
        return fresh.replace(RESOURCES, resources)


def texts_path(language: str = "en") -> Path:
    """Where the texts of a language lie."""
    return Path(str(files("handrail.policies"))) / "wording" / f"{language}.yaml"


def read_texts(path: Path | None = None) -> Texts:
    """Read a file of texts, by default the English one. Raises PolicyError naming line, field, mend."""
    return read_document(path or texts_path(), Texts, PolicyError)


def _opening(variant: str) -> str:
    """Enough of a variant's beginning to recognise it by, short of any resource in it."""
    return variant.split(RESOURCES, maxsplit=1)[0][:_OPENING]


def _number(conversation: Conversation) -> int:
    words = "\0".join(conversation.said_by("user"))
    return int.from_bytes(hashlib.sha256(words.encode("utf-8", "replace")).digest()[:4], "big")
