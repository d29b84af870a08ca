"""Which types of events a reader or an endpoint asks for."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from bursar.events.vocabulary import PUBLIC_TYPES

_ALL_OF: Final = ".*"
_LONGEST: Final = 100


class UnknownTypes(ValueError):
    """There are no such events. `sentences` has one for each type."""

    def __init__(self, types: Iterable[str]) -> None:
        self.sentences = [_sentence(each[:_LONGEST]) for each in types]
        super().__init__(" ".join(self.sentences))


def types_of(texts: Iterable[str]) -> frozenset[str]:
    """Names of types, and `license.*` for all of a kind. Raises UnknownTypes."""
    found = {text: _types_of(text) for text in map(str.strip, texts)}
    unknown = [text for text, types in found.items() if not types]
    if unknown:
        raise UnknownTypes(unknown)
    return frozenset[str]().union(*found.values())


def covers(text: str, event_type: str) -> bool:
    """Whether a type, or all of a kind as in `license.*`, names this type."""
    if text.endswith(_ALL_OF) and text != _ALL_OF:
        return event_type.startswith(text.removesuffix("*"))
    return text == event_type


def _types_of(text: str) -> frozenset[str]:
    return frozenset(name for name in PUBLIC_TYPES if covers(text, name))


def _sentence(text: str) -> str:
    kinds = {f"{name.partition('.')[0]}.*" for name in PUBLIC_TYPES}
    near = get_close_matches(text, [*PUBLIC_TYPES, *sorted(kinds)], 1)
    return f'"{text}" is no type of event.' + (f" Did you mean {near[0]}?" if near else "")
