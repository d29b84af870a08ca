"""Files of the console, under addresses that change with their content."""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from bursar.console.colours import theme

_FOLDER: Final = Path(__file__).parent / "assets"
MEDIA_TYPES: Final = {
    "console.css": "text/css; charset=utf-8",
    "theme.css": "text/css; charset=utf-8",
    "mark.svg": "image/svg+xml",
}
PREFIX: Final = "/console/assets"


@dataclass(frozen=True, slots=True)
class Assets:
    """The files of an installation with this accent."""

    accent: str

    @classmethod
    @cache
    def of(cls, accent: str) -> "Assets":
        return cls(accent)

    def body(self, name: str) -> bytes:
        if name == "theme.css":
            return theme(self.accent).encode()
        return _stored(name)

    def path(self, name: str) -> str:
        return f"{PREFIX}/{self.version(name)}/{name}"

    def version(self, name: str) -> str:
        return sha256(self.body(name)).hexdigest()[:16]


@cache
def _stored(name: str) -> bytes:
    return (_FOLDER / name).read_bytes()
