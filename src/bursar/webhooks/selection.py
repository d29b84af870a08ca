"""Which events an endpoint wants."""

from collections.abc import Iterable, Sequence
from typing import Final

from bursar.events.selecting import covers, types_of

MOST_TYPES: Final = 100


def checked_types(given: Sequence[str] | None) -> list[str] | None:
    """The types in the order of the request, each once; None for all. Raises ValueError.

    `license.*` is kept as it is, so that types that are added later are wanted too.
    """
    if given is None:
        return None
    types = list(dict.fromkeys(map(str.strip, given)))
    if not types or len(types) > MOST_TYPES:
        raise ValueError(f"Give 1 to {MOST_TYPES} types, or null for all.")
    types_of(types)
    return types


def wants(event_types: Iterable[str] | None, event_type: str) -> bool:
    return event_types is None or any(covers(each, event_type) for each in event_types)
