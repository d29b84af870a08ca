"""How the C library's allocator treats large blocks."""

import ctypes
import sys
from contextlib import suppress
from typing import Final

_M_MMAP_THRESHOLD: Final = -3
_LARGE_BLOCK_BYTES: Final = 128 * 1024


def return_large_blocks() -> None:
    """Gives large blocks back to the system as soon as they are free, with glibc.

    It begins that way, but after the first large block it keeps ever larger ones. A web process
    that makes pages of some hundred kilobytes then holds twice the memory that it needs.
    """
    if sys.platform == "linux":
        with suppress(AttributeError):  # another C library
            ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BLOCK_BYTES)
