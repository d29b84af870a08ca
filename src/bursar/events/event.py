"""What an event is, and who is told of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Final, Generic, TypeAlias, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from bursar.actors import Actor

Plain: TypeAlias = str | int | float | bool | UUID | datetime | None
Changes: TypeAlias = Mapping[str, tuple[Plain, Plain]]
"""The old and the new value by the name of the field, as the API spells it."""
Data: TypeAlias = msgspec.Struct | Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to one object. A subclass names its kind and what readers need.

    `type` is written `license.assigned`: what readers outside select by. Never rename one.
    """

    type: ClassVar[str]
    object_type: ClassVar[str]

    object_id: UUID | str
    enterprise_uuid: UUID | None
    """None for what belongs to the installation, such as a signing key."""
    changes: Changes = field(default_factory=dict)
    data: Data = None
    """The object as the API shows it after the change."""
    is_first: bool = False
    """Whether the object was made by this change, so that nothing was ever told of it."""


E = TypeVar("E", bound=Event)

Subscriber: TypeAlias = Callable[[Session, Actor, Sequence[E], datetime], None]
"""Called in the transaction of the change, once for all events of one type that are published
together, with the instant of the change. What it raises undoes the change."""


@dataclass(frozen=True)
class Subscription(Generic[E]):
    """One line of the table: an event, and those who want to know of it, in their order."""

    event: type[E]
    subscribers: tuple[Subscriber[E], ...]


class News:
    """Who is told of which event. Made once by the composition, and read by every `publish`."""

    KEY: Final = "bursar.news"
    """Under which the sessions of a database carry theirs (`Session.info`)."""

    def __init__(self, subscriptions: Iterable[Subscription[Any]] = ()) -> None:
        self._subscribers: dict[type[Event], tuple[Subscriber[Any], ...]] = {}
        for subscription in subscriptions:
            known = self._subscribers.get(subscription.event, ())
            self._subscribers[subscription.event] = (*known, *subscription.subscribers)

    def subscribers_of(self, kind: type[Event]) -> tuple[Subscriber[Any], ...]:
        return self._subscribers.get(kind, ())
