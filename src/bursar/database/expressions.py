"""Expressions that the two databases write differently and that mean the same on both."""

from typing import Any

from sqlalchemy import Date, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class day_of(FunctionElement[Any]):  # noqa: N801 - reads as the SQL functions do
    """The day of an instant, in UTC."""

    inherit_cache = True
    type = Date()


@compiles(day_of, "sqlite")
def _day_on_sqlite(element: day_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"substr({compiler.process(element.clauses, **options)}, 1, 10)"


@compiles(day_of, "postgresql")
def _day_on_postgresql(element: day_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST(({compiler.process(element.clauses, **options)}) AT TIME ZONE 'UTC' AS DATE)"


class by_code_point(FunctionElement[str]):  # noqa: N801 - reads as the SQL functions do
    """Text that is ordered by code point, whatever the database's locale."""

    inherit_cache = True
    type = String()


@compiles(by_code_point, "sqlite")
def _sorted_on_sqlite(element: by_code_point, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


@compiles(by_code_point, "postgresql")
def _sorted_on_postgresql(element: by_code_point, compiler: SQLCompiler, **options: Any) -> str:
    return f'(({compiler.process(element.clauses, **options)}) COLLATE "C")'
