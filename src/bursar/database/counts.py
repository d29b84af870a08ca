"""Compares counts that are stored in rows with what they count."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, FromClause, func, or_, select
from sqlalchemy.orm import Session


class WrongCount(NamedTuple):
    uuid: UUID
    """Of the row that stores the count."""
    name: str
    """Of the column that stores it."""
    stored: int
    counted: int


def wrong_counts(
    database: Session | Connection,
    table: FromClause,
    parent: ColumnElement[Any],
    conditions: Mapping[str, ColumnElement[bool]],
) -> Iterator[WrongCount]:
    """The stored counts of a table that are wrong, by the uuid of their row, with one statement.

    `parent` is the column by which the counted rows name the row that counts them; `conditions`
    has, by the column of `table`, which of them are counted.
    """
    filtered = (func.count().filter(wanted).label(name) for name, wanted in conditions.items())
    real = select(parent.label("parent"), *filtered).group_by(parent).subquery()
    pairs = [(table.c[name], func.coalesce(real.c[name], 0)) for name in conditions]
    statement = (
        select(table.c.uuid, *(each for pair in pairs for each in pair))
        .outerjoin_from(table, real, real.c.parent == table.c.uuid)
        .where(or_(*(stored != counted for stored, counted in pairs)))
        .order_by(table.c.uuid)
    )
    for uuid, *numbers in database.execute(statement):
        for name, stored, counted in zip(conditions, numbers[::2], numbers[1::2], strict=True):
            if stored != counted:
                yield WrongCount(uuid, name, stored, counted)
