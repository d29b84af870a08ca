"""`publish` stores events and calls their subscribers."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.events.event import Event, News
from bursar.events.storing import store


def publish(session: Session, actor: Actor, events: Sequence[Event], *, at: datetime) -> None:
    """Stores the events and calls their subscribers, in the transaction of the change.

    Publish all events of a change in one call, after the rows of their objects were written: the
    locks on these rows keep the versions of an object in order. Raises RuntimeError in a session
    that no composition has made, because no subscriber would be called.
    """
    if not events:
        return
    news = session.info.get(News.KEY)
    if not isinstance(news, News):
        raise RuntimeError("nobody would be told: the database was not opened by the composition")
    store(session, actor, events, at)
    for kind, some in _by_kind(events).items():
        for subscriber in news.subscribers_of(kind):
            subscriber(session, actor, some, at)


def _by_kind(events: Sequence[Event]) -> dict[type[Event], list[Event]]:
    """The events by type. The types are in the order in which they first occur."""
    grouped: dict[type[Event], list[Event]] = {}
    for event in events:
        grouped.setdefault(type(event), []).append(event)
    return grouped
