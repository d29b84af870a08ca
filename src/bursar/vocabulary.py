"""What events say to readers outside: the classes of the public types, and their schemas."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final, get_type_hints

import msgspec

from bursar import work
from bursar.events.event import Event
from bursar.events.vocabulary import PUBLIC_TYPES
from bursar.reporting.views import LearnerSummary
from bursar.web.openapi.webhooks import Webhook
from bursar.webhooks import events as webhook_events

__all__ = ["EVENT_SCHEMA", "classes_by_type", "webhooks"]

_ROOMS: Final = (work, webhook_events)
"""Between them they import every domain, so that all events are known."""
_PACKAGE: Final = _ROOMS[0].__name__.partition(".")[0]
_OF_ANOTHER_ROOM: Final[Mapping[str, type[msgspec.Struct]]] = {"enrollment": LearnerSummary}
"""Data that the room of an event does not know, by the type of the object: the learner summary
stands above enrollments."""


def webhooks() -> dict[str, Webhook]:
    """Every public type in the order of the table. Raises KeyError for one that nobody
    publishes."""
    known = classes_by_type()
    return {
        name: Webhook(told, tuple(dict.fromkeys(map(_data_of, known[name]))))
        for name, told in PUBLIC_TYPES.items()
    }


def classes_by_type() -> dict[str, list[type[Event]]]:
    """The public classes of events. Two may have one type, for objects of two kinds."""
    found: defaultdict[str, dict[str, type[Event]]] = defaultdict(dict)
    for kind in _subclasses(Event):
        is_ours = kind.__module__.partition(".")[0] == _PACKAGE
        if is_ours and kind.is_public and hasattr(kind, "type"):
            # By name, because a dataclass with slots is made twice: the first one, which nobody
            # uses, comes before it.
            found[kind.type][f"{kind.__module__}.{kind.__name__}"] = kind
    return {name: list(kinds.values()) for name, kinds in found.items()}


def _subclasses(kind: type[Event]) -> Iterator[type[Event]]:
    for each in kind.__subclasses__():
        yield each
        yield from _subclasses(each)


def _data_of(kind: type[Event]) -> type:
    if kind.object_type in _OF_ANOTHER_ROOM:
        return _OF_ANOTHER_ROOM[kind.object_type]
    data = get_type_hints(kind)["data"]
    if not isinstance(data, type):
        raise TypeError(f"{kind.__name__} does not say what its data are")
    return data


def _object(properties: Mapping[str, Any], *optional: str) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [name for name in properties if name not in optional],
        "properties": dict(properties),
    }


_TEXT: Final = {"type": "string"}
EVENT_SCHEMA: Final = {
    "description": "Something that happened, as the log, webhooks and streams show it.",
    **_object(
        {
            "id": {"type": "string", "pattern": "^evt_[0-9a-f]{32}$"},
            "type": _TEXT,
            "timestamp": {"type": "string", "format": "date-time"},
            "enterprise_customer_uuid": {
                "anyOf": [{"type": "string", "format": "uuid"}, {"type": "null"}]
            },
            "object": _object(
                {"type": _TEXT, "uuid": _TEXT, "version": {"type": "integer", "minimum": 1}}
            ),
            "data": {"description": "The object, as its endpoint answered it at that moment."},
            "actor": _object({"kind": _TEXT, "id": _TEXT}),
            "request_id": {"anyOf": [_TEXT, {"type": "null"}]},
            "cursor": {"type": "string", "description": "Where to go on reading after it."},
            "also_known_as": {
                "type": "string",
                "description": "The name that other systems have for events of this type.",
            },
        },
        "also_known_as",
    ),
}
