"""What belongs to no enterprise, and moves when everything does."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bursar.batches import batched
from bursar.moving.clients import Clients
from bursar.moving.people import forget_who_has_no_role
from bursar.moving.places import Places
from bursar.moving.reading import DumpedRow
from bursar.moving.refusals import DumpRefused
from bursar.moving.tables import (
    CLIENTS,
    ENTERPRISES,
    RECOGNISED,
    generated_id,
    names_of,
    rows_of_nobody,
    table,
)
from bursar.moving.values import Row
from bursar.moving.writing import BATCH, Writer

_REPLACED: Final = frozenset({"commit_clocks", "idempotency_records"})
_OVER_ALL: Final = ("console_grants", "lms_hooks", "lms_news")
"""Who may do something in every enterprise: not on an installation that has others."""


@dataclass
class Rest:
    session: Session
    writer: Writer
    places: Places
    clients: Clients
    exactly: bool
    """Whether this installation has nothing but what came from there."""
    _readers: list[Row] = field(default_factory=list)

    def take(self, rows: Iterable[DumpedRow]) -> None:
        """Raises DumpRefused."""
        self.places.begin(self.session)
        if self.exactly:
            for name in reversed(_OVER_ALL):
                self.session.execute(delete(table(name)).where(rows_of_nobody(name)))
        for name, some in groupby(rows, key=lambda each: each.table):
            for batch in batched(some, BATCH):
                _refuse_owned(self.session, name, [each.row for each in batch])
                self._take(name, batch)
        self.places.end(self.session)
        if self.exactly:
            forget_who_has_no_role(self.session)
        if self._readers:
            # What was not told yet there is told here.
            self.writer.upsert(self.session, "event_readers", self._readers)

    def _take(self, name: str, batch: Sequence[DumpedRow]) -> None:
        session, found = self.session, [each.row for each in batch]
        if name in CLIENTS:
            self.clients.write(session, self.writer, name, found)
        elif name in _REPLACED:
            self.writer.upsert(session, name, found)
        elif name in _OVER_ALL:
            self.writer.insert(session, name, found if self.exactly else [])
        elif name == "event_readers":
            self._readers += found if self.exactly else []
        elif name == "event_positions":
            self.places.insert(session, self.writer, _new_places(session, batch))
        else:
            self.writer.insert(session, name, _new_rows(session, name, found))


def _refuse_owned(session: Session, name: str, rows: Sequence[Row]) -> None:
    owners = {row.get("enterprise_uuid") for row in rows} - {None}
    if name == "commit_clocks":
        enterprises = table(ENTERPRISES).c.uuid
        named = [row["owner"] for row in rows]
        owners = set(session.scalars(select(enterprises).where(enterprises.in_(named))))
    if owners:
        raise DumpRefused(
            f"Among the rows of the installation, {name} has one of {min(map(str, owners))}."
        )


def _new_places(session: Session, rows: Sequence[DumpedRow]) -> list[DumpedRow]:
    events, places = table("events"), table("event_positions")
    statement = (
        select(events.c.uuid)
        .join_from(events, places, places.c.event_id == events.c.id)
        .where(events.c.uuid.in_([row.event_uuid for row in rows]))
    )
    here = set(session.scalars(statement))
    return [row for row in rows if row.event_uuid not in here]


def _new_rows(session: Session, name: str, rows: Sequence[Row]) -> list[Row]:
    """Of events by their uuids, of audit entries by all that they say."""
    key = generated_id(name)
    columns = [table(name).c[each] for each in names_of(name) if each != key]
    look = RECOGNISED[name].look[0]
    wanted = table(name).c[look].in_({row[look] for row in rows})
    found = session.execute(select(*columns).where(wanted))
    here = [row._asdict() for row in found]
    if name == "events":
        uuids = {row["uuid"] for row in here}
        return [row for row in rows if row["uuid"] not in uuids]
    return [row for row in rows if {k: v for k, v in row.items() if k != key} not in here]
