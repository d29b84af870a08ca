"""Deletes an enterprise, a batch of rows at a time, after its books were archived.

It opens transactions of its own. An enterprise must be suspended before, so that nobody changes
its data meanwhile; a deletion that was stopped goes on when it is started again.
"""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import IO, Final, cast
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, CursorResult, Delete, Table, delete, or_, select, tuple_
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.customers.events import EnterpriseDeleted
from bursar.database.base import Base
from bursar.database.doors import Door, opened
from bursar.database.engine import Database
from bursar.events.service import publish
from bursar.identity.refusals import UnknownEnterprise
from bursar.identity.service import find_enterprises

BATCH: Final = 2_000
ARCHIVED: Final = ("ledger_entries", "ledger_adjustments", "audit_entries", "events")
"""What is kept in the file: money, and who did what."""
_APPEND_ONLY: Final = frozenset({"ledger_entries", "audit_entries", "events"})
_ENTERPRISES: Final = "enterprises"


class NotSuspended(Exception):
    def __init__(self, uuid: UUID) -> None:
        super().__init__(f"{uuid} is in use: run `bursar enterprise suspend {uuid}` first")


def archive(database: Database, uuid: UUID, file: Path) -> int:
    """Writes ledger and audit trail into a new file, one JSON object a line with the table and the
    row, and returns how many. Raises FileExistsError, UnknownEnterprise and NotSuspended."""
    _refuse(database, uuid)
    with file.open("xb") as written, database.snapshot() as connection:
        file.chmod(0o600)
        return sum(
            _write(
                written, str(table.name), {str(key): each for key, each in row._asdict().items()}
            )
            for table in _tables_in_order(ARCHIVED)
            for row in connection.execute(select(table).where(table.c.enterprise_uuid == uuid))
        )


def delete_enterprise(
    database: Database,
    actor: Actor,
    uuid: UUID,
    at: datetime,
    told: Callable[[str, int], None] = lambda _table, _rows: None,
) -> int:
    """Deletes every row of the enterprise, and returns how many. `told` hears of each table.

    Raises UnknownEnterprise and NotSuspended.
    """
    _refuse(database, uuid)
    total = 0
    for table, condition in _rows_of(uuid):
        rows = _delete_in_batches(database, table, condition)
        told(table.name, rows)
        total += rows
    with database.transaction() as session:
        enterprise = Base.metadata.tables[_ENTERPRISES]
        session.execute(delete(enterprise).where(enterprise.c.uuid == uuid))
        changes = {"rows": (total, 0)}
        event = EnterpriseDeleted(object_id=uuid, enterprise_uuid=None, changes=changes)
        publish(session, actor, [event], at=at)
    return total


def _refuse(database: Database, uuid: UUID) -> None:
    with database.read() as connection:
        found = find_enterprises(connection, [uuid]).get(uuid)
    if found is None:
        raise UnknownEnterprise(uuid)
    if found.suspended_at is None:
        raise NotSuspended(uuid)


def _write(file: IO[bytes], table: str, row: dict[str, object]) -> int:
    file.write(msgspec.json.encode({"table": table, "row": row}) + b"\n")
    return 1


def _tables_in_order(names: tuple[str, ...]) -> list[Table]:
    return [Base.metadata.tables[name] for name in names]


def _rows_of(uuid: UUID) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    """Every table with rows of the enterprise: what refers to others comes before these."""
    yield from _clients_of(uuid)
    clocks = Base.metadata.tables["commit_clocks"]
    yield clocks, clocks.c.owner == uuid
    for table in reversed(Base.metadata.sorted_tables):
        if "enterprise_uuid" in table.c:
            yield table, table.c.enterprise_uuid == uuid
            continue
        ways = [
            key.parent.in_(select(key.column).where(key.column.table.c.enterprise_uuid == uuid))
            for key in table.foreign_keys
            if "enterprise_uuid" in key.column.table.c
        ]
        if ways:
            yield table, or_(*ways)


def _clients_of(uuid: UUID) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    """The secrets and tokens of clients that act for this enterprise only: without any, nobody can
    be such a client any more. Their empty rows stay, so that a client id is never given to somebody
    else."""
    grants = Base.metadata.tables["client_grants"]
    elsewhere = select(grants.c.client_uuid).where(grants.c.enterprise_uuid != uuid)
    only = select(grants.c.client_uuid).where(
        grants.c.enterprise_uuid == uuid, grants.c.client_uuid.not_in(elsewhere)
    )
    for name in ("client_secrets", "client_tokens"):
        table = Base.metadata.tables[name]
        yield table, table.c.client_uuid.in_(only)


def _delete_in_batches(database: Database, table: Table, condition: ColumnElement[bool]) -> int:
    keys = list(table.primary_key.columns)
    some = select(*keys).where(condition).limit(BATCH)
    statement = delete(table).where(tuple_(*keys).in_(some))
    total = 0
    while True:
        with database.transaction() as session:
            door = opened(session, Door.DELETION) if table.name in _APPEND_ONLY else nullcontext()
            with door:
                rows = _deleted(session, statement)
        total += rows
        if rows < BATCH:
            return total


def _deleted(session: Session, statement: Delete) -> int:
    return cast("CursorResult[tuple[()]]", session.execute(statement)).rowcount
