"""Takes one enterprise over: all of its rows in one transaction, in place of those that it had."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, delete, select
from sqlalchemy.orm import Session

from bursar.batches import batched
from bursar.database.doors import Door, opened
from bursar.moving.belonging import refuse_circles, refuse_foreign_parents
from bursar.moving.clients import SECRETS, Clients
from bursar.moving.places import Places
from bursar.moving.reading import DumpedRow
from bursar.moving.refusals import DumpRefused
from bursar.moving.surveys import Survey, survey_here
from bursar.moving.tables import (
    CLIENTS,
    ENTERPRISES,
    STAYS,
    rows_of,
    table,
    tables_of_enterprises,
)
from bursar.moving.values import Row
from bursar.moving.writing import BATCH, Writer

_ONLY_ONCE: Final = ((ENTERPRISES, "slug"), ("api_clients", "client_id"))
"""What no two may have, beside their keys."""


@dataclass(frozen=True)
class Taken:
    """What came of an enterprise."""

    uuid: UUID
    theirs: Survey
    ours: Survey
    was_there: bool
    is_unchanged: bool


@dataclass(frozen=True)
class Move:
    """Of one enterprise."""

    session: Session
    writer: Writer
    places: Places
    clients: Clients
    uuid: UUID

    def take(self, theirs: Survey, rows: Iterable[DumpedRow]) -> Taken:
        """Raises DumpRefused, as when the enterprise has a history of its own here."""
        refuse_circles(theirs)
        connection = self.session.connection()
        self.places.begin(self.session)
        here = survey_here(connection, self.uuid)
        was_there = here.rows.total() > 0
        if was_there and here.digest == theirs.digest:
            for _ in rows:
                pass
            return Taken(self.uuid, theirs, here, was_there=was_there, is_unchanged=True)
        if was_there:
            _refuse_what_happened_here(connection, self.uuid, theirs)
            _make_room(self.session, self.uuid)
        with opened(self.session, Door.ADOPTION):
            self._write(rows)
        refuse_foreign_parents(self.session, self.uuid)
        self.places.end(self.session, self.uuid)
        ours = survey_here(connection, self.uuid)
        _compare(theirs, ours)
        return Taken(self.uuid, theirs, ours, was_there=was_there, is_unchanged=False)

    def _write(self, rows: Iterable[DumpedRow]) -> None:
        for name, some in groupby(rows, key=lambda each: each.table):
            for batch in batched(some, BATCH):
                found = [_owned(each.row, name, self.uuid) for each in batch]
                _refuse_what_is_taken(self.session, name, found)
                if name in CLIENTS:
                    self.clients.write(self.session, self.writer, name, found)
                elif name == "event_positions":
                    self.places.insert(self.session, self.writer, batch)
                else:
                    self.writer.insert(self.session, name, found)


def _refuse_what_happened_here(connection: Connection, uuid: UUID, theirs: Survey) -> None:
    """Rows that differ are replaced as long as they are an earlier state of the same enterprise."""
    events = table("events").c
    conditions = [events.enterprise_uuid == uuid]
    if theirs.oldest_event is not None:
        conditions.append(events.at >= theirs.oldest_event)
    happened = [
        (at, name)
        for event, at, name in connection.execute(
            select(events.uuid, events.at, events.type).where(*conditions).order_by(events.at)
        )
        if event not in theirs.events
    ]
    if happened:
        at, name = happened[0]
        raise DumpRefused(
            f"The enterprise {uuid} has a history of its own here: {len(happened)} events that are "
            f"not in the dump, the first of them {name} at {at.isoformat()}. To restore it as it "
            "was, delete it here first: bursar enterprise delete."
        )


def _make_room(session: Session, uuid: UUID) -> None:
    with opened(session, Door.DELETION):
        for name in STAYS:
            if "enterprise_uuid" in table(name).c:
                session.execute(delete(table(name)).where(rows_of(name, uuid)))
        for name in reversed(tables_of_enterprises()):
            if name not in CLIENTS:
                session.execute(delete(table(name)).where(rows_of(name, uuid)))


def _owned(row: Row, name: str, uuid: UUID) -> Row:
    owner = row.get("enterprise_uuid", uuid)
    if name == ENTERPRISES:
        owner = row["uuid"]
    if owner != uuid:
        raise DumpRefused(f"Among the rows of {uuid}, {name} has one of {owner}.")
    return row


def _refuse_what_is_taken(session: Session, name: str, rows: Sequence[Row]) -> None:
    for where, column in _ONLY_ONCE:
        if name != where:
            continue
        found = table(name).c
        mine = {row[column]: row["uuid"] for row in rows}
        for value, uuid in session.execute(
            select(found[column], found.uuid).where(found[column].in_(mine))
        ):
            if mine[value] != uuid:
                raise DumpRefused(f"The {column} {value} belongs to somebody else here.")


def _compare(theirs: Survey, ours: Survey) -> None:
    """A row whose owner is another enterprise's by way of another table is not counted here."""
    for name in tables_of_enterprises():
        # A client that acts for others too keeps its secrets: see Clients.
        if name not in SECRETS and theirs.rows[name] != ours.rows[name]:
            raise DumpRefused(
                f"The dump has {theirs.rows[name]} rows of {name}, and {ours.rows[name]} of them "
                "belong to the enterprise."
            )


def totals_of(taken: Taken) -> Iterator[tuple[str, str, str, int, int]]:
    """What, of which object, in which state, there and here."""
    for key in sorted({*taken.theirs.totals, *taken.ours.totals}):
        yield (*key, taken.theirs.totals[key], taken.ours.totals[key])
