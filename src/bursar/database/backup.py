"""Copies a SQLite database while other processes go on writing to it."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import mkstemp


def back_up(source: Path, target: Path) -> None:
    """Copies everything that was committed when the copy began. Raises FileExistsError.

    When it fails, no partial copy is left behind.
    """
    # mkstemp makes a file that only its owner can read, because the copy holds personal data.
    descriptor, name = mkstemp(prefix=f".{target.name}-", dir=target.parent)
    part = Path(name)
    try:
        _copy(source, part)
        os.fsync(descriptor)
        # A rename would replace an existing file. A link fails when the file exists.
        os.link(part, target)
    finally:
        os.close(descriptor)
        part.unlink()


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as reading, closing(sqlite3.connect(target)) as writing:
        # Copies all pages in one step. Between steps, a write of another process would make SQLite
        # begin again.
        reading.backup(writing)
        # Without WAL the copy is a single file, without `-wal` and `-shm` beside it.
        writing.execute("PRAGMA journal_mode=DELETE")
