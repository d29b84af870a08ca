"""How deeply a JSON value is nested."""

from typing import Final

_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))


def is_nested_deeper(text: bytes, value: object, levels: int) -> bool:
    """Of a value and the JSON text that it was decoded from: a look at the text is much faster, and
    answers for nearly all documents."""
    return _may_be_nested_deeper(text, levels) and _is_nested_deeper(value, levels)


def _may_be_nested_deeper(text: bytes, levels: int) -> bool:
    """Takes the innermost pairs of brackets away, one or two levels at a time. Those within strings
    are taken for brackets too, so that True means nothing yet."""
    brackets = text.translate(None, _NO_BRACKETS)
    for _ in range(levels // 2):
        if not brackets:
            return False
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
    return bool(brackets)


def _is_nested_deeper(value: object, levels: int) -> bool:
    """Without recursion: the depth must not exhaust the stack here either."""
    layer = [value]
    for _ in range(levels):
        layer = [part for whole in layer for part in _parts(whole)]
        if not layer:
            return False
    return any(isinstance(part, dict | list) for part in layer)


def _parts(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
