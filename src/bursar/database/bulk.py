"""Writes many rows at once. PostgreSQL gets them by COPY, or in one JSON parameter when they are
few; SQLite gets one prepared INSERT."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeAlias, cast

import msgspec
from psycopg.sql import SQL, Composed, Identifier
from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    LargeBinary,
    Select,
    String,
    Table,
    bindparam,
    func,
    insert,
    literal,
    literal_column,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Session
from sqlalchemy.types import TypeEngine

from bursar.database.engine import insert_for, raising_as_sqlalchemy
from bursar.database.rows import given_rows
from bursar.database.types import AnyRow

FEW: Final = 50
"""More rows than this are faster by COPY."""

_Processors: TypeAlias = dict[str, Callable[[Any], Any] | None]


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
        statement, processors = _sqlite_plan(table, tuple(rows[0]))
        connection.exec_driver_sql(statement, _processed(rows, processors))
    elif len(rows) <= FEW and (few := _json_plan(table, tuple(rows[0]))):
        connection.exec_driver_sql(few, (msgspec.json.encode(rows).decode(),))
    else:
        _copy(connection, table, rows)


@lru_cache(maxsize=256)
def _sqlite_plan(table: Table, names: tuple[str, ...]) -> tuple[str, _Processors]:
    """The INSERT and its processors of values, which SQLAlchemy would work out again for each
    call."""
    dialect = sqlite.dialect()
    statement = insert(table).compile(dialect=dialect, column_keys=names)
    kinds = {name: table.c[name].type for name in statement.positiontup or ()}
    return str(statement), {name: kind.bind_processor(dialect) for name, kind in kinds.items()}


def _processed(rows: Sequence[Mapping[str, Any]], processors: _Processors) -> list[tuple[Any, ...]]:
    columns = (
        [row[name] for row in rows] if process is None else [process(row[name]) for row in rows]
        for name, process in processors.items()
    )
    return list(zip(*columns, strict=True))


def _copy(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    plan = _plan(table, tuple(rows[0]))
    cursor: Any = connection.connection.cursor()
    told = raising_as_sqlalchemy(connection, f"COPY {table.name}")
    with told, cursor, cursor.copy(plan.target) as copy:
        copy.set_types(plan.types)
        for row in rows:
            copy.write_row([process(row[name]) for name, process in plan.columns])


@lru_cache(maxsize=256)
def _json_plan(table: Table, names: tuple[str, ...]) -> str | None:
    """An INSERT that takes all rows in one JSON parameter, or None when JSON cannot hold the
    values.

    It is one round trip, and for ten rows takes half the processor time of COPY.
    """
    if any(isinstance(table.c[name].type, LargeBinary) for name in names):
        return None
    columns = ", ".join(names)
    typed = ", ".join(f"{name} {_postgres_type(table.c[name].type)}" for name in names)
    rows = f"json_to_recordset(%s::json) AS given ({typed})"
    return f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM {rows}"  # noqa: S608 - names of ours


def insert_missing(
    session: Session,
    model: type[DeclarativeBase],
    rows: Sequence[Mapping[str, Any]],
    returning: Sequence[str],
) -> Sequence[AnyRow]:
    """Inserts the rows that no unique index refuses, and returns the named columns of these."""
    if not rows:
        return []
    table = cast("Table", model.__table__)
    names = tuple(rows[0])
    columns = [table.c[name] for name in returning]
    statement = insert_for(session, model)
    if session.get_bind().dialect.name == "sqlite":
        inserting = statement.on_conflict_do_nothing().returning(*columns)
        return session.execute(inserting, [dict(row) for row in rows]).all()
    given = _given(session, table, names, rows)
    # One parameter for each column instead of one for each value: the driver is slow with many.
    chosen = statement.from_select(names, select(given)).on_conflict_do_nothing()
    return session.connection().execute(chosen.returning(*columns)).all()


def bulk_upsert(
    session: Session,
    model: type[DeclarativeBase],
    rows: Sequence[dict[str, Any]],
    news: Callable[[Any], Mapping[str, Any]],
) -> None:
    """Inserts rows that all have the same keys, and no two the same primary key.

    For rows that exist already, `news` says which column gets which value, given the refused row.
    """
    if not rows:
        return
    table = cast("Table", model.__table__)
    names = tuple(rows[0])
    statement = insert_for(session, model)
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    if not is_sqlite:
        statement = statement.from_select(names, select(_given(session, table, names, rows)))
    upsert = statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns), set_=news(statement.excluded)
    )
    if is_sqlite:
        session.connection().execute(upsert, rows)
    else:
        session.connection().execute(upsert)


def _given(
    session: Session, table: Table, names: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> FromClause:
    types = {name: _plain(table.c[name].type) for name in names}
    return given_rows(session, types, [[row[name] for name in names] for row in rows])


def bulk_update(
    session: Session, model: type[DeclarativeBase], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Updates existing rows by their ids; all rows name the same columns.

    The caller has locked the rows.
    """
    if not rows:
        return
    connection = session.connection()
    table = cast("Table", model.__table__)
    names = tuple(rows[0])
    if connection.dialect.name == "sqlite":
        statement, processors = _sqlite_update_plan(table, names)
        connection.exec_driver_sql(statement, _processed(rows, processors))
        return
    given = _given(session, table, names, rows)
    news = {name: given.c[name] for name in names if name != "id"}
    connection.execute(update(table).values(news).where(table.c.id == given.c.id))


@lru_cache(maxsize=64)
def _sqlite_update_plan(table: Table, names: tuple[str, ...]) -> tuple[str, _Processors]:
    dialect = sqlite.dialect()
    news: dict[str, Any] = {name: bindparam(f"b_{name}") for name in names if name != "id"}
    statement = update(table).values(news).where(table.c.id == bindparam("b_id"))
    compiled = statement.compile(dialect=dialect)
    order = [name.removeprefix("b_") for name in compiled.positiontup or ()]
    return str(compiled), {name: table.c[name].type.bind_processor(dialect) for name in order}


def _plain(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """The type without its collation, which elements of an array cannot have."""
    return String() if isinstance(kind, String) else kind


@dataclass(frozen=True, slots=True)
class _Plan:
    target: Composed
    types: list[str]
    columns: list[tuple[str, Callable[[Any], Any]]]


@lru_cache(maxsize=256)
def _plan(table: Table, names: tuple[str, ...]) -> _Plan:
    """The statement and the types that COPY needs. They are cached, because working them out costs
    more than a dozen rows do."""
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
    """`column IN (...)` for hundreds of values. They are one array, so that one prepared plan
    serves any number of values."""
    if session.get_bind().dialect.name == "sqlite":
        return column.in_(values)
    array = literal(list(values), postgresql.ARRAY(column.type))
    return column == func.any(array)


def is_any_of_given(dialect: str, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """As `is_any_of`, for a list that is given later, as the parameter `name`."""
    if dialect == "sqlite":
        return column.in_(bindparam(name, expanding=True))
    return column == func.any(bindparam(name, type_=postgresql.ARRAY(column.type)))


def found_by_each(
    dialect: str,
    columns: Sequence[ColumnElement[Any]],
    conditions: Sequence[ColumnElement[bool]],
    column: ColumnElement[Any],
    name: str,
) -> Select[Any]:
    """These columns of the rows whose `column` has one of the values of the parameter `name`.

    A lateral join looks up each value separately. With `= ANY(array)`, PostgreSQL may choose to
    scan all rows of an enterprise or a plan instead: while its statistics are older than the rows,
    it estimates the scan to be cheaper.
    """
    if dialect == "sqlite":
        chosen = column.in_(bindparam(name, expanding=True))
        return select(*columns).where(*conditions, chosen)
    values = bindparam(name, type_=postgresql.ARRAY(column.type))
    each = func.unnest(values).table_valued("value").render_derived(name="each")
    rows = select(*columns).where(*conditions, column == each.c.value)
    # OFFSET 0 stops PostgreSQL from flattening this subquery into a plain join, and so into the
    # scan.
    found = rows.offset(literal_column("0")).lateral("found")
    return select(found).select_from(each).join(found, true())
