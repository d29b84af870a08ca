"""What is told once only, however often it is found: a budget is nearly spent, a plan ends soon.

Whoever publishes such an event marks it in the same transaction. The key of the marks is unique, so
that of two who find the same thing at once, one tells it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from sqlalchemy import Connection, Table, select
from sqlalchemy.orm import Session

from bursar.batches import batched
from bursar.database.bulk import insert_missing
from bursar.database.engine import Database
from bursar.database.forgetting import delete_old
from bursar.events.models import ToldOnce

BATCH: Final = 5_000
_TOLD: Final = cast("Table", ToldOnce.__table__)


@dataclass(frozen=True, slots=True)
class Mark:
    """Something about an object that is told once."""

    enterprise_uuid: UUID
    object_uuid: UUID
    """Of an object with a number instead: `uuid_of_number`."""
    mark: str
    """What makes this time another one than the next, such as the day on which a plan ends."""


def uuid_of_number(number: int) -> UUID:
    return UUID(int=number)


def untold(connection: Connection, event_type: str, marks: Sequence[Mark]) -> list[Mark]:
    """Those that nobody has told by now. One statement for 5,000."""
    known: set[tuple[UUID, str]] = set()
    for batch in batched(marks, BATCH):
        statement = select(_TOLD.c.object_uuid, _TOLD.c.mark).where(
            _TOLD.c.type == event_type,
            _TOLD.c.object_uuid.in_([each.object_uuid for each in batch]),
        )
        known.update((row[0], row[1]) for row in connection.execute(statement))
    return [each for each in marks if (each.object_uuid, each.mark) not in known]


def mark_told(session: Session, event_type: str, marks: Sequence[Mark], at: datetime) -> set[Mark]:
    """Marks them, and returns those that are told for the first time, which the caller publishes.
    One statement for 5,000."""
    found: set[tuple[UUID, str]] = set()
    for batch in batched(marks, BATCH):
        rows = [
            {
                "object_uuid": each.object_uuid,
                "type": event_type,
                "mark": each.mark,
                "enterprise_uuid": each.enterprise_uuid,
                "at": at,
            }
            for each in batch
        ]
        new = insert_missing(session, ToldOnce, rows, ("object_uuid", "mark"))
        found.update((row[0], row[1]) for row in new)
    return {each for each in marks if (each.object_uuid, each.mark) in found}


def forget_told(database: Database, before: datetime, kept: Collection[str]) -> int:
    """Deletes older marks, but for these types of events. Returns how many."""
    return delete_old(database, _TOLD, _TOLD.c.at < before, _TOLD.c.type.not_in(sorted(kept)))
