"""Clients travel with the enterprises that they act for, and one can act for several."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bursar.moving.tables import CLIENT_KEYS, CLIENTS, table
from bursar.moving.values import Row
from bursar.moving.writing import Writer

SECRETS: Final = tuple(name for name in CLIENTS if name != "api_clients")


@dataclass
class Clients:
    """A client that acts for other enterprises here stays as it is, and so do its secrets: what was
    rotated for the others is not undone, and nobody takes a client of theirs by a dump."""

    enterprises: Collection[UUID]
    """Those of the dump, if it says everything there is; else none."""
    owner: UUID | None = None
    """The enterprise that is being taken over."""
    kept: set[str] = field(default_factory=set)
    """Names of those that are others here."""
    _emptied: set[tuple[UUID | None, str, object]] = field(default_factory=set)
    """Sections by their owners, tables, and the clients whose older rows are gone for them."""

    def write(self, session: Session, writer: Writer, name: str, rows: Sequence[Row]) -> None:
        key = CLIENT_KEYS[name]
        shared = self._shared(session, {row[key] for row in rows})
        mine = [row for row in rows if row[key] not in shared]
        if name in SECRETS:
            self._make_room(session, name, {row[key] for row in mine})
            writer.insert(session, name, mine)
        elif mine:
            writer.upsert(session, name, mine)
        self._note(session, name, [row for row in rows if row[key] in shared])

    def _make_room(self, session: Session, name: str, clients: Collection[object]) -> None:
        """One that was taken away there must not be good here. The secrets of a client can come in
        several batches, and the first of them makes room for all; another enterprise that the
        client acts for brings them again."""
        new = {each for each in clients if (self.owner, name, each) not in self._emptied}
        secrets = table(name)
        session.execute(delete(secrets).where(secrets.c.client_uuid.in_(new)))
        self._emptied |= {(self.owner, name, each) for each in new}

    def _shared(self, session: Session, clients: Collection[object]) -> set[object]:
        grants = table("client_grants").c
        statement = select(grants.client_uuid).where(
            grants.client_uuid.in_(clients),
            grants.enterprise_uuid.not_in([*self.enterprises, *filter(None, [self.owner])]),
        )
        return set(session.scalars(statement))

    def _note(self, session: Session, name: str, rows: Sequence[Row]) -> None:
        found, clients = table(name), table("api_clients").c
        for row in rows:
            here = session.execute(select(found).where(found.c.uuid == row["uuid"])).mappings()
            if not any({key: each[key] for key in row} == row for each in here):
                named = select(clients.client_id).where(clients.uuid == row[CLIENT_KEYS[name]])
                self.kept.add(str(session.scalar(named)))
