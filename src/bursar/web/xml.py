"""JSON values as XML, in the shape that clients of the enterprise API already parse.

The root is `root`, an array's members are `list-item`, and null, "", [] and {} are the same empty
element. What XML 1.0 cannot carry is left out of text and becomes `_` in names.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import repeat
from math import isfinite
from xml.parsers import expat

import msgspec

_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'

_FORBIDDEN = "\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff"
_NEEDS_ESCAPING = re.compile(f"[&<>\r{_FORBIDDEN}]")
_REPLACEMENTS = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")

_MOST_NAMES = 4096
_LONGEST_KEPT_KEY = 128


class _Names(dict[str, str]):
    """A cache of element names by key. It is bounded, because documents can have any keys."""

    def __missing__(self, key: str) -> str:
        name = _element_name(key)
        if len(self) < _MOST_NAMES and len(key) <= _LONGEST_KEPT_KEY:
            self[key] = name
        return name


def _element_name(key: str) -> str:
    if _PLAIN_NAME.fullmatch(key):
        return key
    # A parser with namespaces would take the text before a colon for an undeclared prefix.
    name = "".join(c if c != ":" and _is_name(f"a{c}") else "_" for c in key)
    return name if name and _is_name(name[0]) else f"_{name}"


@lru_cache(maxsize=4096)
def _is_name(text: str) -> bool:
    """Whether expat accepts an element of this name.

    Like many parsers, expat follows XML 1.0 before its fifth edition. All names that it accepts are
    also names in the fifth edition.
    """
    names: list[str] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda name, _attributes: names.append(name)
    try:
        parser.Parse(f"<{text}/>".encode(), True)  # noqa: FBT003 - expat takes no names
    except (expat.ExpatError, UnicodeEncodeError):
        return False
    return names == [text]


_names = _Names()


def to_xml(value: object) -> bytes:
    """Render a decoded JSON value; TypeError when something else is inside.

    It uses an explicit stack, so that deep nesting cannot exhaust the interpreter's.
    """
    pieces = [_DECLARATION]
    append, needs_escaping, names = pieces.append, _NEEDS_ESCAPING.search, _names
    members: Iterator[tuple[str, object]] = iter((("root", value),))
    parents: list[tuple[Iterator[tuple[str, object]], str]] = []
    while True:
        for key, item in members:
            name = names[key]
            if type(item) is str:
                text = _escape(item) if needs_escaping(item) else item
                append(f"<{name}>{text}</{name}>")
            elif item is None:
                append(f"<{name}></{name}>")
            elif type(item) is dict or type(item) is list:
                append(f"<{name}>")
                parents.append((members, name))
                members = _members(item)
                break
            else:
                append(f"<{name}>{_number_or_boolean(item)}</{name}>")
        else:
            if not parents:
                return "".join(pieces).encode()
            members, name = parents.pop()
            append(f"</{name}>")


def _members(container: dict[str, object] | list[object]) -> Iterator[tuple[str, object]]:
    if isinstance(container, dict):
        return iter(container.items())
    return zip(repeat("list-item"), container, strict=False)


def _escape(text: str) -> str:
    return _NEEDS_ESCAPING.sub(lambda match: _REPLACEMENTS.get(match[0], ""), text)


def _number_or_boolean(value: object) -> str:
    if isinstance(value, bool | int):
        return str(value)
    if isinstance(value, float):
        # JSON has no NaN or infinity; both are written as null.
        return msgspec.json.encode(value).decode() if isfinite(value) else ""
    raise TypeError(f"not a JSON value: {type(value).__name__}")
