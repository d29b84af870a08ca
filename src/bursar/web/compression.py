"""Content coding: zstd or gzip when the client asks for it."""

import gzip
import zlib
from collections.abc import Iterator
from typing import Any, Final, Literal

import zstandard

from bursar.remembering import LONGEST_REMEMBERED, remembered

Coding = Literal["zstd", "gzip"]
CODINGS: Final[tuple[Coding, ...]] = ("zstd", "gzip")
"""The better coding comes first."""
MINIMUM_BYTES = 512
_GZIP = 16 + zlib.MAX_WBITS


def choose_coding(accept_encoding: str | None) -> Coding | None:
    """The best coding on offer (RFC 9110, section 12.5.3); ours is zstd before gzip.

    What stands behind more characters than any client has reason to send is not read.
    """
    return _choose(accept_encoding[:LONGEST_REMEMBERED]) if accept_encoding else None


@remembered(256)
def _choose(accept_encoding: str) -> Coding | None:
    weights = dict(_weight(part) for part in accept_encoding.split(","))
    wildcard = weights.get("*", 0.0)
    best: Coding | None = None
    best_weight = 0.0
    for coding in CODINGS:
        weight = weights.get(coding, wildcard)
        if weight > best_weight:
            best, best_weight = coding, weight
    return best if best_weight >= weights.get("identity", 0.0) else None


def _weight(part: str) -> tuple[str, float]:
    name, _, parameters = part.partition(";")
    key, _, value = parameters.strip().partition("=")
    try:
        weight = float(value) if key.strip().lower() == "q" else 1.0
    except ValueError:
        weight = 1.0
    return name.strip().lower(), weight


def compress(body: bytes, coding: Coding) -> bytes:
    if coding == "zstd":
        return zstandard.ZstdCompressor(level=3).compress(body)
    return gzip.compress(body, compresslevel=5, mtime=0)


def compress_chunks(chunks: Iterator[bytes], coding: Coding) -> Iterator[bytes]:
    """Compresses chunks and flushes each one, so that the client can read everything it has
    received."""
    compressor: Any
    if coding == "zstd":
        compressor = zstandard.ZstdCompressor(level=3).compressobj()
        flush = zstandard.COMPRESSOBJ_FLUSH_BLOCK
    else:
        compressor, flush = zlib.compressobj(level=5, wbits=_GZIP), zlib.Z_SYNC_FLUSH
    for chunk in chunks:
        yield compressor.compress(chunk) + compressor.flush(flush)
    yield compressor.flush()


def decompress(packed: bytes) -> bytes:
    """The plain bytes of what `compress` made with zstd."""
    return zstandard.ZstdDecompressor().decompress(packed)


def length_of(packed: bytes) -> int:
    """The length of the plain bytes of what `compress` made with zstd."""
    return zstandard.frame_content_size(packed)
