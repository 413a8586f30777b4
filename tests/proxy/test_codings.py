import gzip
import zlib

import brotli
import pytest
from backports import zstd

from handrail.proxy.codings import decoded

WORDS = b"word " * 2000


def _raw_deflate(data: bytes) -> bytes:
    coder = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return coder.compress(data) + coder.flush()


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("", WORDS),
        ("identity", WORDS),
        ("gzip", gzip.compress(WORDS)),
        ("X-GZIP", gzip.compress(WORDS)),
        ("deflate", zlib.compress(WORDS)),
        ("deflate", _raw_deflate(WORDS)),
        ("br", brotli.compress(WORDS)),
        ("zstd", zstd.compress(WORDS)),
        ("gzip, br", brotli.compress(gzip.compress(WORDS))),
    ],
)
def test_codings_are_undone(coding: str, body: bytes) -> None:
    """Each coding is undone whole; past the size allowed, or cut short, it is refused."""
    assert decoded(body, coding, len(WORDS)) == WORDS
    with pytest.raises(ValueError, match="too large"):
        decoded(body, coding, len(WORDS) - 1)
    if coding not in {"", "identity"}:
        with pytest.raises(ValueError, match="coding"):
            decoded(body[:-9], coding, len(WORDS))


def test_an_unknown_coding_is_refused() -> None:
    """What can't be undone is said to be so."""
    with pytest.raises(ValueError, match="unknown"):
        decoded(b"x", "snappy", 10)
