"""What other domains want to know of licences, told in the transaction in which it happens."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Activated:
    enterprise_uuid: UUID
    plan_uuid: UUID
    license_uuid: UUID
    email: str


Listener = Callable[[Session, Sequence[Activated], datetime], None]
_listeners: list[Listener] = []


def when_activated(listener: Listener) -> None:
    """For the module that puts the application together; telling one twice changes nothing."""
    if listener not in _listeners:
        _listeners.append(listener)


def tell_activated(session: Session, activated: Sequence[Activated], now: datetime) -> None:
    for listener in _listeners:
        listener(session, activated, now)
