"""Messages: the messages of a WebSocket laid end to end in bytes, so that they are held like any stream.

Each is led by its kind and its length: 1 byte and 4 bytes, big-endian.
"""

import struct
from collections.abc import Iterator

_HEAD = struct.Struct(">BI")
_TEXT, _BINARY = 1, 2


def pack(message: str | bytes) -> bytes:
    """A message with its head."""
    if isinstance(message, bytes):
        return _HEAD.pack(_BINARY, len(message)) + message
    data = message.encode("utf-8", "surrogatepass")
    return _HEAD.pack(_TEXT, len(data)) + data


def unpack(data: bytes) -> Iterator[str | bytes]:
    """The messages in bytes that hold only whole ones."""
    at = 0
    while at < len(data):
        kind, length = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        body = data[at : at + length]
        at += length
        yield body if kind == _BINARY else body.decode("utf-8", "surrogatepass")
