"""Text that is looked for without regard to case, beyond ASCII too, alike on both databases."""

from typing import Any

from sqlalchemy import ColumnElement, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

_SQLITE_FUNCTION = "lower_unicode"


class _Lowered(FunctionElement[str]):
    """lower() of SQLite knows ASCII only; that of PostgreSQL what the database's locale does."""

    inherit_cache = True
    type = String()


@compiles(_Lowered, "sqlite")
def _on_sqlite(element: _Lowered, compiler: SQLCompiler, **options: Any) -> str:
    return f"{_SQLITE_FUNCTION}({compiler.process(element.clauses, **options)})"


@compiles(_Lowered, "postgresql")
def _on_postgresql(element: _Lowered, compiler: SQLCompiler, **options: Any) -> str:
    return f'lower(({compiler.process(element.clauses, **options)}) COLLATE "und-x-icu")'


def contains_in_any_case(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """The text as it is: no character of it is a wildcard."""
    if text.isascii():  # what the databases do by themselves is several times faster
        return column.icontains(text, autoescape=True)
    return _Lowered(column).contains(text.lower(), autoescape=True)


def add_functions_to_sqlite(raw: Any) -> None:
    """To a new connection of the driver."""
    raw.create_function(_SQLITE_FUNCTION, 1, _lowered, deterministic=True)


def _lowered(value: str | None) -> str | None:
    return None if value is None else value.lower()
