"""Searches text regardless of case, also beyond ASCII, in the same way on both databases."""

import unicodedata
from typing import Any

from sqlalchemy import ColumnElement, Integer, LargeBinary, String, and_, literal, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from bursar.emails import normalised, readable

_SQLITE_FUNCTION = "lower_unicode"


class _Lowered(FunctionElement[str]):
    """Lower case by Unicode. SQLite's own lower() knows only ASCII, and that of PostgreSQL depends
    on the locale of the database."""

    inherit_cache = True
    type = String()


@compiles(_Lowered, "sqlite")
def _on_sqlite(element: _Lowered, compiler: SQLCompiler, **options: Any) -> str:
    return f"{_SQLITE_FUNCTION}({compiler.process(element.clauses, **options)})"


@compiles(_Lowered, "postgresql")
def _on_postgresql(element: _Lowered, compiler: SQLCompiler, **options: Any) -> str:
    return f'lower(({compiler.process(element.clauses, **options)}) COLLATE "und-x-icu")'


def contains_in_any_case(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """Whether the column contains the text. No character of the text is a wildcard."""
    # The databases' own comparison is several times faster, and right for ASCII.
    if text.isascii():
        return column.icontains(text, autoescape=True)
    return _Lowered(column).contains(text.lower(), autoescape=True)


class _Readable(FunctionElement[str]):
    """An address with its domain as people write it. On PostgreSQL, a migration has made it."""

    inherit_cache = True
    type = String()
    name = "readable_address"


@compiles(_Readable)
def _readable_address(element: _Readable, compiler: SQLCompiler, **options: Any) -> str:
    return f"{element.name}({compiler.process(element.clauses, **options)})"


def address_contains(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """Whether a stored address contains the text, in which the domain may be written either way."""
    stored = column.contains(normalised(text), autoescape=True)
    # Of a part of one label, ASCII letters that stand together do so in its other form too.
    if text.isascii() and "." not in text and "@" not in text:
        return stored
    part = unicodedata.normalize("NFKC", text.strip().lower())
    # Nearly no domain has another form, and finding that out is quick.
    is_readable = and_(column.contains("xn--"), _Readable(column).contains(part, autoescape=True))
    return or_(stored, is_readable)


def add_functions_to_sqlite(raw: Any) -> None:
    """Adds the functions that are called here to a new connection of the driver."""
    raw.create_function(_SQLITE_FUNCTION, 1, _lowered, deterministic=True)
    raw.create_function(_Readable.name, 1, _readable, deterministic=True)


def _readable(value: str | None) -> str | None:
    return None if value is None else readable(value)


def _lowered(value: str | None) -> str | None:
    return None if value is None else value.lower()


class _Position(FunctionElement[int]):
    """Where bytes begin in other bytes, from 1; 0 when they are not in there."""

    inherit_cache = True
    type = Integer()


@compiles(_Position, "sqlite")
def _position_on_sqlite(element: _Position, compiler: SQLCompiler, **options: Any) -> str:
    return f"instr({compiler.process(element.clauses, **options)})"


@compiles(_Position, "postgresql")
def _position_on_postgresql(element: _Position, compiler: SQLCompiler, **options: Any) -> str:
    searched, wanted = (compiler.process(each, **options) for each in element.clauses)
    return f"position({wanted} in {searched})"


def holds_bytes(column: ColumnElement[bytes] | Any, wanted: bytes) -> ColumnElement[bool]:
    """Whether a column of bytes contains these."""
    return _Position(column, literal(wanted, LargeBinary)) > 0
