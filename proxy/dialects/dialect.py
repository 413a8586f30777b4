"""Dialect: everything the proxy needs to know of a wire format, as one record of pure functions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from handrail.classifiers.exchange import Conversation
from handrail.policies.decision import Decision
from handrail.proxy.dialects.paths import plain
from handrail.proxy.dialects.redraft import Redraft
from handrail.proxy.dialects.scribe import Scribe
from handrail.proxy.frame import FrameDecoder

# The kind of a fault that the client can mend.
INVALID = "invalid_request_error"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks: the conversation, whether to stream, and how many replies.

    `unread` names kinds of content in it that can't be judged, such as images; `continues` an earlier
    answer that the upstream is to go on from.
    """

    conversation: Conversation
    stream: bool
    count: int = 1
    unread: tuple[str, ...] = ()
    continues: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """One reply of an answer: its index, all its text, and a reason if something of it can't be judged."""

    index: int
    text: str
    unread: str | None = None


@dataclass(frozen=True, slots=True)
class WholeAnswer:
    """An answer that is no stream: the body as the upstream sent it, its replies, and its id if any."""

    body: bytes
    voices: tuple[Said, ...]
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong, to be said in the client's dialect; `field` is what the client should mend."""

    status: int
    message: str
    kind: str = "upstream_error"
    code: str | None = None
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Dialect:
    """A wire format.

    `read_request` raises RequestError naming the field and the mend; `read_reply` raises UpstreamError for
    an answer of another kind. `write_reply` gives the answer with the replies that a decision changes
    repaired, and all else as it was. `stream_type` is the media type of its streams. `redraft` says how a
    reply is asked for once more; None where there is no place for guidance.
    """

    name: str
    path_ends: tuple[str, ...]
    stream_type: str
    read_request: Callable[[bytes], Asked]
    read_reply: Callable[[bytes], WholeAnswer]
    write_reply: Callable[[WholeAnswer, Mapping[int, Decision], str], bytes]
    write_error: Callable[[Fault], bytes]
    decoder: Callable[[], FrameDecoder]
    scribe: Callable[[str], Scribe]
    redraft: Redraft | None = None

    def takes(self, method: str, path: str) -> bool:
        """Whether a request is of this dialect, however a lenient server might let its path be spelt."""
        return method == "POST" and plain(path).endswith(self.path_ends)
