"""How memory is given back: by the C library's allocator, and by Python's garbage collector."""

import ctypes
import gc
import sys
from contextlib import suppress
from typing import Final

_KIBIBYTE: Final = 1024
# glibc's mallopt, by the numbers of <malloc.h>. Setting the first two ends their growth.
_OPTIONS: Final = {
    -1: 128 * _KIBIBYTE,  # M_TRIM_THRESHOLD
    -3: 128 * _KIBIBYTE,  # M_MMAP_THRESHOLD
    -8: 2,  # M_ARENA_MAX
}

_OBJECTS_BETWEEN_COLLECTIONS: Final = 20_000


def give_back_free_memory() -> None:
    """Makes glibc return large blocks to the system when they are free.

    It begins that way, but keeps ever larger ones for each thread once it has seen some. A web
    process that makes pages of some hundred kilobytes then holds twice what it needs.
    """
    if sys.platform == "linux":
        with suppress(AttributeError):  # another C library
            set_option = ctypes.CDLL(None).mallopt
            for option, value in _OPTIONS.items():
                set_option(option, value)


def collect_garbage_rarely() -> None:
    """For a process that has made what it keeps, from here on.

    Rows of a database are made by the thousand and are in no cycle: looking through them, and
    through every module, again and again found nothing and took an eighth of a large page.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 10, 10)
