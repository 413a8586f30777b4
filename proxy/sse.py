"""Server-sent events, cut out of a byte stream without changing a byte (WHATWG HTML, section 9.2)."""

import re

from handrail.proxy.frame import Frame

MEDIA_TYPE = "text/event-stream"

# An event ends at an empty line; lines end in CRLF, LF or CR. A CR that is the last byte so far may be
# half a CRLF, so it waits for its fellow.
_EVENT_END = re.compile(rb"\r\n\r\n|\r\n\n|\n\r\n|\n\n|\r\r(?!\n)|\r\r\n|\n\r(?!\n)")


class EventDecoder:
    """Bytes in, whole events out; what is not yet an event waits."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._scanned = 0

    @property
    def held(self) -> int:
        """Bytes that wait for the end of their event."""
        return len(self._rest)

    def feed(self, data: bytes) -> list[Frame]:
        """Take in bytes; give the events that are complete."""
        self._rest += data
        events = []
        at = 0
        for end in _EVENT_END.finditer(self._rest, max(0, self._scanned - 3)):
            if end.end() == len(self._rest) and end.group().endswith(b"\r"):
                break
            events.append(_event(bytes(self._rest[at : end.end()])))
            at = end.end()
        del self._rest[:at]
        self._scanned = len(self._rest)
        return events

    def flush(self) -> list[Frame]:
        """The rest as a last event: some servers forget the final empty line."""
        rest, self._rest, self._scanned = bytes(self._rest), bytearray(), 0
        return [_event(rest)] if rest.strip() else []


def encode(data: str, kind: str | None = None) -> bytes:
    """An event of our own that carries one line of data, under a name where the dialect gives events one."""
    name = f"event: {kind}\n" if kind else ""
    return f"{name}data: {data}\n\n".encode()


def _event(raw: bytes) -> Frame:
    text = raw.decode("utf-8", "replace").lstrip("\ufeff")
    lines = re.split(r"\r\n|\n|\r", text)
    data = [line[5:].removeprefix(" ") for line in lines if line.startswith("data:")]
    return Frame(raw, "\n".join(data) if data else None)


# How lines may begin that carry no data: comments, and fields that show nothing to a person.
_SILENT = (b":", b"event:", b"id:", b"retry:")


def is_silent(frame: Frame) -> bool:
    """Whether an event without data is one that shows nothing to a person, such as a keep-alive."""
    lines = frame.raw.removeprefix(b"\xef\xbb\xbf").splitlines()
    return all(line.startswith(_SILENT) for line in lines if line)
