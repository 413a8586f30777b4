"""Frame: the smallest part of a stream that is passed on or held as one: an event, a line, a message."""

from dataclasses import dataclass
from typing import Any, Protocol

from handrail.proxy.strict_json import loads


@dataclass(frozen=True, slots=True)
class Frame:
    """Bytes as they came, and the payload in them (None: it carries none, such as a comment)."""

    raw: bytes
    data: str | None

    def payload(self) -> dict[str, Any]:
        """The payload, parsed anew: few frames are ever looked at twice, and parsed ones take much memory."""
        found: dict[str, Any] = loads(self.data or "{}")
        return found


class FrameDecoder(Protocol):
    """Bytes in, whole frames out; what is not yet a frame waits."""

    def feed(self, data: bytes) -> list[Frame]:
        """Take in bytes; give the frames that are complete."""

    def flush(self) -> list[Frame]:
        """The rest as a last frame, where the upstream forgot to end it."""
