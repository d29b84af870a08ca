"""A copy of a SQLite database that others go on writing to."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import mkstemp


def back_up(source: Path, target: Path) -> None:
    """All of what was committed when it began. Raises FileExistsError; nothing half is left."""
    # A file of mkstemp is for its owner only: it holds what clients may do, and addresses.
    descriptor, name = mkstemp(prefix=f".{target.name}-", dir=target.parent)
    part = Path(name)
    try:
        _copy(source, part)
        os.fsync(descriptor)
        os.link(part, target)  # a rename would take the place of a file that is there
    finally:
        os.close(descriptor)
        part.unlink()


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as reading, closing(sqlite3.connect(target)) as writing:
        # In one step: SQLite would begin again when somebody writes between two.
        reading.backup(writing)
        # One file, without the two that stand beside a database in use.
        writing.execute("PRAGMA journal_mode=DELETE")
