"""Rows as JSON, by the types of their columns, so that both databases write the same."""

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Final, TypeAlias
from uuid import UUID

import msgspec
from sqlalchemy import Column, Date, LargeBinary, Uuid

from bursar.database.types import Instant
from bursar.moving.refusals import DumpRefused
from bursar.moving.tables import columns_of, names_of

Row: TypeAlias = dict[str, object]
_ENCODER: Final = msgspec.json.Encoder()


def line_of(value: object) -> bytes:
    return _ENCODER.encode(value) + b"\n"


def row_of(name: str, given: Mapping[str, object]) -> Row:
    """A row of a dump with the values of its columns. Raises DumpRefused."""
    columns, names = columns_of(name), names_of(name)
    if given.keys() != set(names):
        wrong = sorted(given.keys() ^ set(names))
        raise DumpRefused(f"A row of {name} has other columns than here: {', '.join(wrong)}.")
    try:
        return {key: _read(each, given[key]) for key, each in zip(names, columns, strict=True)}
    except (ValueError, TypeError, binascii.Error) as error:
        raise DumpRefused(f"A row of {name} cannot be read: {error}.") from error


def _read(column: Column[object], value: object) -> object:
    if value is None:
        return None
    read = next((read for kind, read in _READERS if isinstance(column.type, kind)), None)
    if read is None:
        return value
    if not isinstance(value, str):
        raise TypeError(f"{column.name} is no text")
    return read(value)


def _bytes(value: str) -> bytes:
    return base64.b64decode(value, validate=True)


_READERS: Final[tuple[tuple[type, Callable[[str], object]], ...]] = (
    (Uuid, UUID),
    (Instant, datetime.fromisoformat),
    (Date, date.fromisoformat),
    (LargeBinary, _bytes),
)
