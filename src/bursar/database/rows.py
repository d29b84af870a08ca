"""Rows that come with a statement, to join and update with: few parameters for many of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import FromClause, Text, column, func, literal, select, type_coerce
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine


def given_rows(
    session: Session, types: Mapping[str, TypeEngine[Any]], rows: Sequence[Sequence[Any]]
) -> FromClause:
    """A table of these rows, whose columns have the names and the order of `types`."""
    if session.get_bind().dialect.name == "sqlite":
        return _on_sqlite(session, types, rows)
    arrays = [
        literal([row[index] for row in rows], postgresql.ARRAY(kind))
        for index, kind in enumerate(types.values())
    ]
    columns = [column(name, kind) for name, kind in types.items()]
    return func.unnest(*arrays).table_valued(*columns).render_derived(name="given")


def _on_sqlite(
    session: Session, types: Mapping[str, TypeEngine[Any]], rows: Sequence[Sequence[Any]]
) -> FromClause:
    dialect = session.get_bind().dialect
    processors = [kind._cached_bind_processor(dialect) for kind in types.values()]
    stored = [
        [
            process(value) if process else value
            for process, value in zip(processors, row, strict=True)
        ]
        for row in rows
    ]
    members = func.json_each(literal(msgspec.json.encode(stored).decode(), Text)).table_valued(
        column("value", Text)
    )
    return select(
        *(
            type_coerce(func.json_extract(members.c.value, f"$[{index}]"), kind).label(name)
            for index, (name, kind) in enumerate(types.items())
        )
    ).subquery("given")
