"""Modes: what is done with the chats of a path: judged and repaired, only judged, or not read at all."""

import re
from collections.abc import Sequence
from fnmatch import translate
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from handrail.proxy.dialects.paths import plain

Mode = Literal["enforce", "shadow", "off"]
Failing = Literal["closed", "open"]
Overflow = Literal["judge", "replace", "release"]


class Route(BaseModel):
    """The mode of the chats on some paths."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(pattern="^/", description="A path; a * stands for anything, slashes too.")
    mode: Mode = Field(description="What is done with chats there.")

    def matches(self, path: str) -> bool:
        """Whether a path is meant, however it is spelt: no spelling slips into a weaker mode."""
        return re.match(translate(plain(self.path)), plain(path)) is not None


def mode_of(path: str, routes: Sequence[Route], default: Mode) -> Mode:
    """The mode of the first route that a path matches, or the default."""
    return next((route.mode for route in routes if route.matches(path)), default)
