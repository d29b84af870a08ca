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
    """Something that happened to one object. A subclass adds the fields that its subscribers need.

    `type` is written like `license.assigned`. Outside readers select events by it, and it is
    stored, so a type must never be renamed.
    """

    type: ClassVar[str]
    object_type: ClassVar[str]
    is_public: ClassVar[bool] = False
    """Whether the log shows it to readers outside, and webhooks send it. Others are for the audit
    trail and for subscribers only. A public event has `data`: without it, an event counts as
    forgotten."""

    object_id: UUID | str
    enterprise_uuid: UUID | None
    """None for what belongs to the installation, such as a signing key."""
    changes: Changes = field(default_factory=dict)
    data: Data = None
    """The object as the API shows it after the change."""
    is_first: bool = False
    """Whether this change created the object, so that there are no earlier events about it."""


E = TypeVar("E", bound=Event)

Subscriber: TypeAlias = Callable[[Session, Actor, Sequence[E], datetime], None]
"""Called in the transaction of the change, once for all events of one type that are published
together, with the instant of the change. What it raises undoes the change."""


@dataclass(frozen=True)
class Subscription(Generic[E]):
    """One line of the table: a type of event, and its subscribers in the order of their calls."""

    event: type[E]
    subscribers: tuple[Subscriber[E], ...]


class News:
    """Which subscribers are called for which event. The composition makes it once, and every
    `publish` reads it."""

    KEY: Final = "bursar.news"
    """The key in `Session.info` under which the sessions of a database have their News."""

    def __init__(self, subscriptions: Iterable[Subscription[Any]] = ()) -> None:
        self._subscribers: dict[type[Event], tuple[Subscriber[Any], ...]] = {}
        for subscription in subscriptions:
            known = self._subscribers.get(subscription.event, ())
            self._subscribers[subscription.event] = (*known, *subscription.subscribers)

    def subscribers_of(self, kind: type[Event]) -> tuple[Subscriber[Any], ...]:
        return self._subscribers.get(kind, ())
