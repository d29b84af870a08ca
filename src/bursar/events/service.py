"""`publish` tells what happened: it stores the events, and calls those who subscribed to them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.events.event import Event, News
from bursar.events.storing import store


def publish(session: Session, actor: Actor, events: Sequence[Event], *, at: datetime) -> None:
    """In the transaction of the change, with every event of the change in one call.

    Each object's row is written before: its lock keeps the versions of an object in order. Raises
    RuntimeError in a session that no composition has made, because nobody would be told.
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
    """In the order in which each kind first occurs, as the change happened."""
    grouped: dict[type[Event], list[Event]] = {}
    for event in events:
        grouped.setdefault(type(event), []).append(event)
    return grouped
