"""Files that are sent are made on disk first, in a folder that only this user can look into.

A file is sent whole or not at all, whatever happens while it is made. Folders that a killed process
left behind are removed by the next one.
"""

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import IO, Final

PREFIX: Final = "bursar-report-"
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class NotSpooled(Exception):
    """The file could not be made. A sentence for the operator."""


@contextmanager
def private_folder(parent: str) -> Iterator[Path]:
    """A new folder below `parent`, or below the system's folder for temporary files when that is
    empty; it is removed at the end. Raises NotSpooled."""
    _remove_left(Path(parent or tempfile.gettempdir()))
    try:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent or None))  # others cannot read it
        held = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise NotSpooled(_sentence(error, parent or tempfile.gettempdir())) from error
    try:
        # The lock ends with the process, however that ends.
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield folder
    finally:
        os.close(held)
        shutil.rmtree(folder, ignore_errors=True)


def _remove_left(parent: Path) -> None:
    """Removes what processes of this user that are gone left here: it holds people."""
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(held)


def spool(parts: Iterable[bytes], file: Path, *, seconds: float) -> int:
    """Writes the parts into a new file, and returns how many bytes those are. Raises NotSpooled."""
    ends, size = monotonic() + seconds, 0
    try:
        with _opened(file) as written:
            for part in parts:
                size += written.write(part)
                if monotonic() > ends:
                    raise NotSpooled(f"it was not written within {seconds:.0f} seconds")
    except OSError as error:
        raise NotSpooled(_sentence(error, str(file.parent))) from error
    return size


def _opened(file: Path) -> IO[bytes]:
    return file.open("xb")


def _sentence(error: OSError, folder: str) -> str:
    if error.errno in _FULL:
        return (
            f"the disk with {folder} is full, so that nothing was sent: make room, or name another "
            "folder in BURSAR_SPOOL_FOLDER"
        )
    return f"nothing can be written to {folder} (BURSAR_SPOOL_FOLDER): {error.strerror or error}"
