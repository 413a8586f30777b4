"""Codings: content codings undone on bytes in memory, never past a size (RFC 9110, section 8.4.1)."""

import sys
import zlib
from collections.abc import Callable, Mapping

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def decoded(body: bytes, coding: str, most: int) -> bytes:
    """A body without its content codings, at most `most` bytes of it.

    `coding` is the Content-Encoding header, empty for none. Raises ValueError for a coding that is not known,
    a body that is not in it or breaks off, or one that grows past `most`.
    """
    for name in reversed([c.strip().lower() for c in coding.split(",")]):
        if name in {"", "identity"}:
            continue
        if name not in _DECODERS:
            raise ValueError("unknown content coding")
        try:
            body = _DECODERS[name](body, most)
        except (zlib.error, brotli.error, zstd.ZstdError, EOFError) as error:
            raise ValueError("not in its content coding") from error
    if len(body) > most:
        raise ValueError("too large once decoded")
    return body


def _zlib(body: bytes, most: int, bits: int) -> bytes:
    decoder = zlib.decompressobj(bits)
    out = decoder.decompress(body, most + 1)
    if not decoder.eof and len(out) <= most:
        raise EOFError
    return out


def _gzip(body: bytes, most: int) -> bytes:
    return _zlib(body, most, zlib.MAX_WBITS | 16)


def _deflate(body: bytes, most: int) -> bytes:
    """With the zlib header that the standard asks for, or without, as some servers send it."""
    headed = body[:1] and body[0] & 0xF == 8
    return _zlib(body, most, zlib.MAX_WBITS if headed else -zlib.MAX_WBITS)


def _brotli(body: bytes, most: int) -> bytes:
    decoder = brotli.Decompressor()
    out: bytes = decoder.process(body, output_buffer_limit=most + 1)
    if not decoder.is_finished() and len(out) <= most:
        raise EOFError
    return out


def _zstd(body: bytes, most: int) -> bytes:
    decoder = zstd.ZstdDecompressor()
    out: bytes = decoder.decompress(body, most + 1)
    if not decoder.eof and len(out) <= most:
        raise EOFError
    return out


_DECODERS: Mapping[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
