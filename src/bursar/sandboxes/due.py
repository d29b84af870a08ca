"""What is due in a sandbox when its clock was advanced, done at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.database.within import DatabaseWithin
from bursar.events.event import Event, News, Subscriber
from bursar.sandboxes.views import HappenedEvent

DueTask: TypeAlias = Callable[[Database, UUID], object]
"""Does what is due in one enterprise, by `clock.now`."""


@dataclass(frozen=True, slots=True)
class DueWork:
    """The composition fills it with the tasks of all domains, in the order in which they run."""

    tasks: tuple[DueTask, ...]

    def do(self, session: Session, enterprise_uuid: UUID, ahead: timedelta) -> list[HappenedEvent]:
        """In the caller's transaction. Returns the public events that this has made."""
        news = _Overheard(session.info[News.KEY])
        database = DatabaseWithin(session, {**session.info, News.KEY: news})
        with clock.ahead_by(ahead):
            for task in self.tasks:
                task(database, enterprise_uuid)
        return news.heard


class _Overheard(News):
    """Tells whom it told before, and listens itself."""

    def __init__(self, news: News) -> None:
        super().__init__()
        self._news = news
        self.heard: list[HappenedEvent] = []

    def subscribers_of(self, kind: type[Event]) -> tuple[Subscriber[Any], ...]:
        return (*self._news.subscribers_of(kind), self._note)

    def _note(
        self, _session: Session, _actor: Actor, events: Sequence[Event], at: datetime
    ) -> None:
        self.heard += [
            HappenedEvent(event.type, event.object_type, str(event.object_id), at)
            for event in events
            if event.is_public
        ]
