"""What files hold, found out before anything of them is imported."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from bursar.catalog.content.content_types import ContentType
from bursar.catalog.imports.files import read_documents
from bursar.importing.records import START

_Version: TypeAlias = tuple[int, int]
"""The size of a file, and when it was last changed."""


@dataclass(slots=True)
class Survey:
    keys: dict[ContentType, set[str]] = field(default_factory=dict)
    """Of all documents, by type: see completion.World."""
    rejected: int = 0
    versions: dict[Path, _Version] = field(default_factory=dict)

    @property
    def changed_file(self) -> Path | None:
        """A file that is no longer what it was, so that its documents are not those known here."""
        return next((path for path in self.versions if _version(path) != self.versions[path]), None)


def survey(files: Sequence[Path]) -> Survey:
    """Reads all files once, and keeps the keys. Bad lines are only counted."""
    found = Survey()
    for path in files:
        found.versions[path] = _version(path)
        for entry in read_documents(path, START):
            if entry.item is None:
                found.rejected += 1
            else:
                found.keys.setdefault(entry.item.content_type, set()).add(entry.item.key)
    return found


def _version(path: Path) -> _Version:
    state = path.stat()
    return state.st_size, state.st_mtime_ns
