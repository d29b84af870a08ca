"""The style sheets of claim pages: a common one, and one for each colour."""

import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from bursar.languages.colours import ink_on

_COMMON: Final = "page.css"
_OF_COLOUR: Final = re.compile(r"accent-([0-9a-f]{6})\.css")


def style_named(name: str, templates: str = "") -> bytes | None:
    """None when there is no such sheet. `templates` is the folder with the installation's own."""
    if name == _COMMON:
        return _common(templates)
    found = _OF_COLOUR.fullmatch(name)
    return None if found is None else _of_colour(found[1])


@cache
def _common(templates: str) -> bytes:
    own = Path(templates) / "claim" / _COMMON
    if templates and own.is_file():
        return own.read_bytes()
    return (files("bursar.claim_pages") / "static" / _COMMON).read_bytes()


def _of_colour(colour: str) -> bytes:
    return f":root {{ --accent: #{colour}; --on-accent: {ink_on(colour)}; }}\n".encode()
