"""Many new rows at once: COPY on PostgreSQL, one prepared INSERT on SQLite."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import psycopg
from psycopg.sql import SQL, Composed, Identifier
from sqlalchemy import (
    ColumnElement,
    Connection,
    String,
    Table,
    Update,
    bindparam,
    func,
    insert,
    literal,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Session
from sqlalchemy.types import TypeEngine

from bursar.database.rows import given_rows


def bulk_insert(
    session: Session, model: type[DeclarativeBase], rows: Sequence[dict[str, Any]]
) -> None:
    """Inserts rows that all have the same keys; those that exist already are an error.

    Flushes nothing and returns nothing: generated ids have to be read afterwards.
    """
    if not rows:
        return
    connection = session.connection()
    table = cast("Table", model.__table__)
    if connection.dialect.name == "sqlite":
        connection.execute(insert(table), rows)
        return
    try:
        _copy(connection, table, rows)
    except psycopg.Error as error:
        # SQLAlchemy does not see COPY; its callers look for its errors all the same.
        raise DBAPIError.instance(
            f"COPY {table.name}", None, error, psycopg.Error, dialect=connection.dialect
        ) from error


def _copy(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    plan = _plan(table, tuple(rows[0]))
    cursor: Any = connection.connection.cursor()
    with cursor, cursor.copy(plan.target) as copy:
        copy.set_types(plan.types)
        for row in rows:
            copy.write_row([process(row[name]) for name, process in plan.columns])


def bulk_update(
    session: Session, model: type[DeclarativeBase], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Each row, which names its id, becomes what it says; all of them name the same columns.

    The rows are there, and the caller has locked them.
    """
    if not rows:
        return
    connection = session.connection()
    table = cast("Table", model.__table__)
    names = tuple(rows[0])
    if connection.dialect.name == "sqlite":
        values = [{f"b_{name}": row[name] for name in names} for row in rows]
        connection.execute(_update_of(table, names), values)
        return
    types = {name: _plain(table.c[name].type) for name in names}
    given = given_rows(session, types, [[row[name] for name in names] for row in rows])
    news = {name: given.c[name] for name in names if name != "id"}
    connection.execute(update(table).values(news).where(table.c.id == given.c.id))


@lru_cache(maxsize=64)
def _update_of(table: Table, names: tuple[str, ...]) -> Update:
    news = {name: bindparam(f"b_{name}") for name in names if name != "id"}
    return update(table).values(news).where(table.c.id == bindparam("b_id"))


def _plain(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """Without what an element of an array cannot have: a collation."""
    return String() if isinstance(kind, String) else kind


@dataclass(frozen=True, slots=True)
class _Plan:
    target: Composed
    types: list[str]
    columns: list[tuple[str, Callable[[Any], Any]]]


@lru_cache(maxsize=256)
def _plan(table: Table, names: tuple[str, ...]) -> _Plan:
    """What COPY needs to know, found out once: it would cost more than a dozen rows."""
    target = SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        Identifier(table.name), SQL(", ").join(map(Identifier, names))
    )
    types = [table.c[name].type for name in names]
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    processors = [kind.bind_processor(dialect) or _as_it_is for kind in types]
    return _Plan(
        target, [_postgres_type(kind) for kind in types], list(zip(names, processors, strict=True))
    )


def _as_it_is(value: Any) -> Any:
    return value


def _postgres_type(kind: Any) -> str:
    text: str = kind.compile(dialect=postgresql.dialect())  # type: ignore[no-untyped-call]
    return {"TIMESTAMP WITH TIME ZONE": "timestamptz", "BIGINT": "int8", "VARCHAR": "varchar"}.get(
        text.partition(" COLLATE")[0], text.lower()
    )


def is_any_of(
    session: Session, column: InstrumentedAttribute[Any], values: Sequence[Any]
) -> ColumnElement[bool]:
    """`column IN (...)` for hundreds of values: one array, so that one plan serves them all."""
    if session.get_bind().dialect.name == "sqlite":
        return column.in_(values)
    array = literal(list(values), postgresql.ARRAY(column.type))
    return column == func.any(array)


def is_any_of_given(dialect: str, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """As `is_any_of`, for a list that the parameter `name` will bring."""
    if dialect == "sqlite":
        return column.in_(bindparam(name, expanding=True))
    return column == func.any(bindparam(name, type_=postgresql.ARRAY(column.type)))
