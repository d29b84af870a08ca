"""Keeps a list of one side in a file, so that lists of any length and any order can be compared."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any


class Spool:
    def __init__(self, file: Path) -> None:
        self._rows = sqlite3.connect(file)
        self._rows.execute("PRAGMA synchronous = OFF")
        self._rows.execute("CREATE TABLE kept (name TEXT PRIMARY KEY, value TEXT)")

    def put(self, name: str, value: Any) -> bool:
        """False when there is one of this name already."""
        statement = "INSERT OR IGNORE INTO kept VALUES (?, ?)"
        return self._rows.execute(statement, (name, json.dumps(value))).rowcount == 1

    def take(self, name: str) -> Any | None:
        """The value, which is no longer kept then; None when there is none."""
        statement = "DELETE FROM kept WHERE name = ? RETURNING value"
        row = self._rows.execute(statement, (name,)).fetchone()
        return None if row is None else json.loads(row[0])

    def names(self) -> Iterator[str]:
        return (row[0] for row in self._rows.execute("SELECT name FROM kept ORDER BY name"))

    def close(self) -> None:
        self._rows.close()


@contextmanager
def spooled() -> Iterator[Spool]:
    with TemporaryDirectory(prefix="bursar-compare-") as folder:
        spool = Spool(Path(folder) / "kept.db")
        try:
            yield spool
        finally:
            spool.close()
