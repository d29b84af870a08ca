"""Where what was read last is kept between two runs."""

import os
from pathlib import Path
from typing import Protocol
from urllib.parse import quote


class Cursors(Protocol):
    """Anything that keeps texts by their names: a table, a cache, a file."""

    def load(self, name: str) -> str | None: ...

    def save(self, name: str, text: str) -> None: ...


class MemoryCursors:
    """As long as the process lives."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def load(self, name: str) -> str | None:
        return self._texts.get(name)

    def save(self, name: str, text: str) -> None:
        self._texts[name] = text


class FileCursors:
    """A file for each name, replaced as a whole, so that a crash leaves the old or the new one."""

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)

    def load(self, name: str) -> str | None:
        path = self._path(name)
        return path.read_text(encoding="utf-8") if path.exists() else None

    def save(self, name: str, text: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        new = self._folder / f"{self._path(name).name}.new"
        with new.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path(name))

    def _path(self, name: str) -> Path:
        return self._folder / f"{quote(name, safe='')}.cursor"
