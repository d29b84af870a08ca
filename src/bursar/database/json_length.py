"""Counts what a list within JSON holds, in the same way on both databases, without sending it."""

from typing import Any

from sqlalchemy import ColumnElement, Integer, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class _Length(FunctionElement[int]):
    inherit_cache = True
    type = Integer()


@compiles(_Length, "sqlite")
def _on_sqlite(element: _Length, compiler: SQLCompiler, **options: Any) -> str:
    column, name = (compiler.process(each, **options) for each in element.clauses)
    return f"json_array_length({column}, '$.' || {name})"


@compiles(_Length, "postgresql")
def _on_postgresql(element: _Length, compiler: SQLCompiler, **options: Any) -> str:
    column, name = (compiler.process(each, **options) for each in element.clauses)
    return f"jsonb_array_length({column} -> {name})"


def length_within(column: ColumnElement[Any], name: str) -> ColumnElement[int]:
    """How long the list `name` of the object is that a column of JSON holds; null without one. The
    name is one of ours, and no text from outside."""
    return _Length(column, literal_column(f"'{name}'"))
