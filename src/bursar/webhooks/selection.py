"""Which events an endpoint wants."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Final

from bursar.events.vocabulary import PUBLIC_TYPES

MOST_TYPES: Final = 100
_ALL_OF: Final = ".*"


def checked_types(given: Sequence[str] | None) -> list[str] | None:
    """The types in the order of the request, each once; None for all. Raises ValueError."""
    if given is None:
        return None
    types = list(dict.fromkeys(given))
    if not types or len(types) > MOST_TYPES:
        raise ValueError(f"Give 1 to {MOST_TYPES} types, or null for all.")
    for each in types:
        if not _is_known(each):
            raise ValueError(_unknown(each))
    return types


def wants(event_types: Iterable[str] | None, event_type: str) -> bool:
    if event_types is None:
        return True
    return any(_covers(each, event_type) for each in event_types)


def _covers(wanted: str, event_type: str) -> bool:
    if wanted.endswith(_ALL_OF):
        return event_type.startswith(wanted.removesuffix("*"))
    return wanted == event_type


def _is_known(wanted: str) -> bool:
    return any(_covers(wanted, known) for known in PUBLIC_TYPES)


def _unknown(wanted: str) -> str:
    families = {f"{known.partition('.')[0]}{_ALL_OF}" for known in PUBLIC_TYPES if "." in known}
    near = get_close_matches(wanted[:100], [*PUBLIC_TYPES, *sorted(families)], 1)
    advice = f" Did you mean {near[0]}?" if near else ""
    return f"There is no event type {wanted[:100]}.{advice}"
