"""Writes an enterprise, or everything, as JSON lines, of one snapshot and in constant memory."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, select

from bursar import __version__, clock
from bursar.database.engine import Database
from bursar.database.migrate import REVISIONS
from bursar.database.streams import batches
from bursar.moving import format as lines
from bursar.moving.refusals import DumpRefused
from bursar.moving.sealed import refuse_plain
from bursar.moving.tables import (
    ENTERPRISES,
    RECOGNISED,
    SHARED,
    TABLES_OF_NOBODY,
    WITHHELD,
    id_column,
    names_of,
    rows_of,
    rows_of_nobody,
    rows_with_events,
    shared_rows,
    table,
    tables_of_enterprises,
)
from bursar.moving.values import line_of

_ROWS = 1_000
Part = tuple[str, ColumnElement[bool]]
Section = tuple[lines.Section, list[Part]]


def dump(database: Database, enterprise: UUID | None) -> Iterator[bytes]:
    """Lines. Raises DumpRefused when there is no such enterprise, and when something secret would
    leave in plain."""
    with database.snapshot() as connection:
        refuse_plain(connection, enterprise)
        sections = list(_sections(connection, enterprise))
        digest, rows = hashlib.sha256(), 0
        header = line_of(_header(connection, enterprise, sections))
        digest.update(header)
        yield header
        for section, parts in sections:
            line = line_of(section)
            digest.update(line)
            yield line
            for line in _rows(connection, parts, enterprise):
                digest.update(line)
                rows += 1
                yield line
        yield line_of(lines.EndLine(lines.Totals(rows, digest.hexdigest())))


def _sections(connection: Connection, enterprise: UUID | None) -> Iterator[Section]:
    uuids = _enterprises(connection, enterprise)
    yield (
        lines.Section(lines.SHARED, None),
        [(name, shared_rows(name, enterprise)) for name in SHARED],
    )
    for uuid in uuids:
        parts = [(name, rows_of(name, uuid)) for name in tables_of_enterprises()]
        yield lines.Section(lines.ENTERPRISE, uuid), parts
    if enterprise is None:
        rest = [(name, rows_of_nobody(name)) for name in TABLES_OF_NOBODY]
        yield lines.Section(lines.OF_NOBODY, None), rest


def _enterprises(connection: Connection, wanted: UUID | None) -> list[UUID]:
    column = table(ENTERPRISES).c.uuid
    found = list(connection.scalars(select(column).order_by(column)))
    if wanted is not None and wanted not in found:
        raise DumpRefused(f"There is no enterprise {wanted}.")
    return found if wanted is None else [wanted]


def _header(
    connection: Connection, enterprise: UUID | None, sections: list[Section]
) -> lines.Header:
    counts: Counter[str] = Counter()
    for _, parts in sections:
        for name, condition in parts:
            counts[name] += _count(connection, name, condition)
    sequence = table("event_sequence").c
    log = connection.execute(select(sequence.last_position, sequence.forgotten_to)).one()
    return lines.Header(
        bursar_dump=lines.VERSION,
        bursar=__version__,
        schema=REVISIONS[-1],
        made_at=clock.format_instant(clock.now()),
        enterprise_uuid=enterprise,
        counts=dict(counts),
        highest={name: _highest(connection, name) for name in RECOGNISED},
        log=lines.Log(log.last_position, log.forgotten_to),
    )


def _count(connection: Connection, name: str, condition: ColumnElement[bool]) -> int:
    counted = select(func.count()).select_from(table(name)).where(condition)
    return connection.scalar(counted) or 0


def _highest(connection: Connection, name: str) -> int:
    return connection.scalar(select(func.max(id_column(name)))) or 0


def _rows(connection: Connection, parts: list[Part], enterprise: UUID | None) -> Iterator[bytes]:
    for name, condition in parts:
        keys = table(name).primary_key.columns
        statement = rows_with_events(name, condition).order_by(*keys)
        names = names_of(name)
        for batch in batches(connection, statement, {}, first=_ROWS, size=_ROWS):
            for values in batch:
                row = dict(zip(names, values, strict=False))
                if enterprise is not None and name == WITHHELD[0]:
                    row[WITHHELD[1]] = None
                whose = values[-1] if name == "event_positions" else None
                yield line_of(lines.RowLine(name, row, whose))
