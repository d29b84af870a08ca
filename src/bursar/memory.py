"""Settings of the C library's allocator and of Python's garbage collector."""

import gc
import os
from typing import Final

# glibc reads these once, when a program starts. Setting the first two also keeps them constant.
# Otherwise glibc raises both to the size of the largest block that was freed.
_ALLOCATOR: Final = {
    "MALLOC_TRIM_THRESHOLD_": str(128 * 1024),
    "MALLOC_MMAP_THRESHOLD_": str(128 * 1024),
    "MALLOC_ARENA_MAX": "2",
}

_OBJECTS_BETWEEN_COLLECTIONS: Final = 20_000


def let_children_give_back_memory() -> None:
    """Makes glibc return large blocks to the system when they are free, in processes that this
    one starts afterwards.

    Otherwise glibc keeps larger and larger blocks for each thread: a web process that makes pages
    of some hundred kilobytes then holds twice the memory that it needs. Variables that the operator
    has set are not changed. Other C libraries ignore these variables.
    """
    for name, value in _ALLOCATOR.items():
        os.environ.setdefault(name, value)


def collect_garbage_rarely() -> None:
    """Makes the garbage collector run rarely, in a process that has loaded everything it keeps.

    A request makes thousands of rows, which trigger the collector but are never in a cycle. Its
    searches found nothing, and took an eighth of the time of a large page. An import of documents
    makes far more: there they took a third of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 10, 10)
