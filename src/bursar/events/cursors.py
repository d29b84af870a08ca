"""Cursors: positions of the log as readers outside keep them. They say nothing to a reader."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import crc_hqx
from typing import Final

_VERSION: Final = b"\x01"
_POSITION_BYTES: Final = 6
_CHECK_BYTES: Final = 2
_LENGTH: Final = 12
"""Characters of a cursor: nine bytes, so that base64 needs no padding."""


def cursor_of(position: int) -> str:
    """The cursor after which the events behind this position follow."""
    content = _VERSION + position.to_bytes(_POSITION_BYTES, "big")
    return urlsafe_b64encode(content + _check(content)).decode()


def position_of(cursor: str) -> int:
    """Raises ValueError for what `cursor_of` has not made."""
    if len(cursor) != _LENGTH or not cursor.isascii():
        raise ValueError("not a cursor")
    content = urlsafe_b64decode(cursor)
    content, check = content[:-_CHECK_BYTES], content[-_CHECK_BYTES:]
    if check != _check(content) or content[:1] != _VERSION:
        raise ValueError("not a cursor")
    return int.from_bytes(content[1:], "big")


def _check(content: bytes) -> bytes:
    # So that a cursor with a wrong letter is refused, and does not lead somewhere else.
    return crc_hqx(content, 0).to_bytes(_CHECK_BYTES, "big")
