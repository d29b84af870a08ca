"""The places of events in the log that readers outside follow by cursors.

An installation whose log is a part of the dump's, as a new one's is, takes the places as they are:
cursors stay good. Another one appends the events to its log in their order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, func, select, update
from sqlalchemy.orm import Session

from bursar.moving.format import Header
from bursar.moving.reading import DumpedRow
from bursar.moving.refusals import DumpRefused
from bursar.moving.tables import table
from bursar.moving.values import Row
from bursar.moving.writing import Writer

_OF_EVENTS: Final = ("webhook", "xapi")
"""Channels whose deliveries name the place of the event that they tell."""


def last_place(connection: Connection) -> tuple[int, UUID] | None:
    """The last place that is taken here, and whose it is."""
    places, events = table("event_positions"), table("events")
    statement = (
        select(places.c.position, events.c.uuid)
        .join_from(places, events, events.c.id == places.c.event_id)
        .order_by(places.c.position.desc())
        .limit(1)
    )
    found = connection.execute(statement).first()
    return None if found is None else (found.position, found.uuid)


@dataclass
class Places:
    """Of the events of a section."""

    keeps: bool
    header: Header
    _last: int = 0
    _moved: list[tuple[int, int]] = field(default_factory=list)
    """Places there and here, in their order."""

    def begin(self, session: Session) -> None:
        """Nobody else gives out places until the transaction ends."""
        sequence = table("event_sequence")
        row = session.execute(select(sequence).with_for_update()).one()
        behind = session.scalar(
            select(func.count())
            .select_from(table("event_readers"))
            .where(table("event_readers").c.position < row.last_position)
        )
        if behind and not self.keeps:
            raise DumpRefused(
                "Webhooks, or statements of xAPI, have not read the log to its end, and would "
                "take what is adopted for news. Let a worker run until they have, and try again."
            )
        self._last = row.last_position

    def insert(self, session: Session, writer: Writer, dumped: Sequence[DumpedRow]) -> None:
        """Once the events are there."""
        ids = _ids(session, [row.event_uuid for row in dumped if row.event_uuid])
        rows: list[Row] = []
        for each in dumped:
            if each.event_uuid not in ids:
                raise DumpRefused(f"The dump has a place of the event {each.event_uuid} only.")
            place = each.row["position"]
            rows.append(
                {**each.row, "position": self._place(place), "event_id": ids[each.event_uuid]}
            )
        writer.insert(session, "event_positions", rows)

    def _place(self, old: object) -> int:
        assert isinstance(old, int)  # noqa: S101 - a column of integers
        if self.keeps:
            return old
        self._last += 1
        self._moved.append((old, self._last))
        return self._last

    def end(self, session: Session, enterprise: UUID | None = None) -> None:
        """Readers inside go on behind what came: it is no news."""
        sequence, readers = table("event_sequence"), table("event_readers")
        news: dict[str, object] = {"last_position": self._last}
        if self.keeps:
            last = max(self._last, self.header.log.last_position)
            news = {"last_position": last, "forgotten_to": self.header.log.forgotten_to}
        session.execute(update(sequence).values(news))
        session.execute(update(readers).values(position=news["last_position"]))
        if self._moved:
            self._correct_deliveries(session)
            self._correct_replays(session, enterprise)

    def _correct_deliveries(self, session: Session) -> None:
        """What waits to be sent names the place of its event."""
        deliveries, places, events = (
            table(name) for name in ("deliveries", "event_positions", "events")
        )
        found = session.execute(
            select(deliveries.c.id, deliveries.c.context, places.c.position)
            .join_from(deliveries, events, events.c.uuid == deliveries.c.event_uuid)
            .join(places, places.c.event_id == events.c.id)
            .where(deliveries.c.channel.in_(_OF_EVENTS), places.c.position >= self._moved[0][1])
        ).all()
        for row in found:
            context = {**row.context, "position": row.position}
            session.execute(
                update(deliveries).where(deliveries.c.id == row.id).values(context=context)
            )

    def _correct_replays(self, session: Session, enterprise: UUID | None) -> None:
        endpoints = table("webhook_endpoints")
        of_it = endpoints.c.enterprise_uuid == enterprise
        names = ("replay_position", "replay_until")
        for row in session.execute(select(endpoints).where(of_it, endpoints.c.replay_position > 0)):
            news = {name: self._here(getattr(row, name)) for name in names}
            session.execute(update(endpoints).where(endpoints.c.uuid == row.uuid).values(news))

    def _here(self, old: int) -> int:
        """The place here of one there: that of the last event up to it."""
        return max((new for there, new in self._moved if there <= old), default=0)


def _ids(session: Session, uuids: Sequence[UUID]) -> dict[UUID | None, int]:
    events = table("events").c
    return {
        row.uuid: row.id
        for row in session.execute(select(events.uuid, events.id).where(events.uuid.in_(uuids)))
    }
