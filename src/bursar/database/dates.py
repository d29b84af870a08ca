"""Days as numbers, so that both databases order them in the same way, including null."""

from typing import Any

from sqlalchemy import Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class DayNumber(FunctionElement[int]):
    """`date.toordinal()` of a column of dates: 1 January of the year 1 is day 1."""

    inherit_cache = True
    type = Integer()


@compiles(DayNumber, "sqlite")
def _on_sqlite(element: DayNumber, compiler: SQLCompiler, **options: Any) -> str:
    days = compiler.process(element.clauses, **options)
    return f"CAST(julianday({days}) - 1721424.5 AS INTEGER)"


@compiles(DayNumber, "postgresql")
def _on_postgresql(element: DayNumber, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)} - DATE '0001-01-01' + 1)"
