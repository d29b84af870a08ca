"""Rows that are sent with a statement, to join or update with. They need few parameters however
many rows there are."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import (
    ColumnElement,
    FromClause,
    Text,
    bindparam,
    column,
    func,
    literal,
    select,
    type_coerce,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

_GIVEN: Final = "given"


def given_rows(
    session: Session, types: Mapping[str, TypeEngine[Any]], rows: Sequence[Sequence[Any]]
) -> FromClause:
    """A table of these rows, whose columns have the names and the order of `types`."""
    if session.get_bind().dialect.name == "sqlite":
        return _members(literal(_as_json(session, types, rows), Text), types)
    arrays = [
        literal([row[index] for row in rows], postgresql.ARRAY(kind))
        for index, kind in enumerate(types.values())
    ]
    return _unnested(arrays, types)


def awaited_rows(dialect: str, types: Mapping[str, TypeEngine[Any]]) -> FromClause:
    """As `given_rows`, for a statement that is built once. `row_parameters` gives it the rows."""
    if dialect == "sqlite":
        return _members(bindparam(_GIVEN, type_=Text()), types)
    arrays = [
        bindparam(f"{_GIVEN}_{name}", type_=postgresql.ARRAY(kind)) for name, kind in types.items()
    ]
    return _unnested(arrays, types)


def row_parameters(
    session: Session, types: Mapping[str, TypeEngine[Any]], rows: Sequence[Sequence[Any]]
) -> dict[str, Any]:
    if session.get_bind().dialect.name == "sqlite":
        return {_GIVEN: _as_json(session, types, rows)}
    return {f"{_GIVEN}_{name}": [row[index] for row in rows] for index, name in enumerate(types)}


def _unnested(
    arrays: Sequence[ColumnElement[Any]], types: Mapping[str, TypeEngine[Any]]
) -> FromClause:
    columns = [column(name, kind) for name, kind in types.items()]
    return func.unnest(*arrays).table_valued(*columns).render_derived(name=_GIVEN)


def _as_json(
    session: Session, types: Mapping[str, TypeEngine[Any]], rows: Sequence[Sequence[Any]]
) -> str:
    dialect = session.get_bind().dialect
    processors = [kind._cached_bind_processor(dialect) for kind in types.values()]
    stored = [
        [
            process(value) if process else value
            for process, value in zip(processors, row, strict=True)
        ]
        for row in rows
    ]
    return msgspec.json.encode(stored).decode()


def _members(rows: ColumnElement[Any], types: Mapping[str, TypeEngine[Any]]) -> FromClause:
    members = func.json_each(rows).table_valued(column("value", Text))
    return select(
        *(
            type_coerce(func.json_extract(members.c.value, f"$[{index}]"), kind).label(name)
            for index, (name, kind) in enumerate(types.items())
        )
    ).subquery(_GIVEN)
