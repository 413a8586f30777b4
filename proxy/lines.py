"""Lines: newline-delimited JSON, cut out of a byte stream without changing a byte."""

from handrail.proxy.frame import Frame

MEDIA_TYPE = "application/x-ndjson"


class LineDecoder:
    """Bytes in, whole lines out; what is not yet a line waits."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """Take in bytes; give the lines that are complete."""
        *whole, rest = data.split(b"\n")
        if not whole:
            self._rest += rest
            return []
        whole[0] = bytes(self._rest) + whole[0]
        self._rest = bytearray(rest)
        return [_frame(line + b"\n") for line in whole]

    def flush(self) -> list[Frame]:
        """The rest as a last line: some servers forget to end it."""
        rest, self._rest = bytes(self._rest), bytearray()
        return [_frame(rest)] if rest.strip() else []


def encode(data: str) -> bytes:
    """A line of our own."""
    return f"{data}\n".encode()


def _frame(raw: bytes) -> Frame:
    text = raw.decode("utf-8", "replace").strip()
    return Frame(raw, text or None)
