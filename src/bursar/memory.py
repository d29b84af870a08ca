"""How memory is given back: by the C library's allocator, and by Python's garbage collector."""

import gc
import os
from typing import Final

# glibc reads these once, when a program starts. Setting the first two also keeps them as they
# are: by itself glibc raises both with the largest block that it has seen freed.
_ALLOCATOR: Final = {
    "MALLOC_TRIM_THRESHOLD_": str(128 * 1024),
    "MALLOC_MMAP_THRESHOLD_": str(128 * 1024),
    "MALLOC_ARENA_MAX": "2",
}

_OBJECTS_BETWEEN_COLLECTIONS: Final = 20_000


def let_children_give_back_memory() -> None:
    """Makes glibc return large blocks to the system when they are free, in processes that this
    one starts afterwards.

    Otherwise it keeps ever larger ones for each thread: a web process that makes pages of some
    hundred kilobytes then holds twice what it needs. What an operator has set stays. Another C
    library does not look at these variables.
    """
    for name, value in _ALLOCATOR.items():
        os.environ.setdefault(name, value)


def collect_garbage_rarely() -> None:
    """For a process that has made what it keeps, from here on.

    Rows of a database are made by the thousand and are in no cycle: looking through them, and
    through every module, again and again found nothing and took an eighth of a large page.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 10, 10)
