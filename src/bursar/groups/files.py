"""Members of a group as CSV, out and in."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from bursar.clock import format_instant
from bursar.database.streams import batches
from bursar.groups.queries import members_of
from bursar.spreadsheet import cell, text_of

EMAIL: Final = "email"
_HEADER: Final = (EMAIL, "created")
_FIRST: Final = 100
_AT_ONCE: Final = 5_000


class NoAddresses(ValueError):
    """The text is no CSV with a column of addresses."""


def members_as_csv(connection: Connection, uuid: UUID) -> Iterator[bytes]:
    """All members, by address. The connection is in a snapshot."""
    yield _lines([_HEADER])
    for rows in batches(connection, members_of(uuid), {}, first=_FIRST, size=_AT_ONCE):
        yield _lines((cell(row.email), format_instant(row.created_at)) for row in rows)


def addresses_of_csv(text: str) -> list[str]:
    """What stands in the column `email`, in whatever place it is; empty cells are left out. Raises
    NoAddresses."""
    try:
        rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        rows.fieldnames = names = [name.strip().lower() for name in rows.fieldnames or ()]
        if names.count(EMAIL) != 1:
            raise NoAddresses(f"The first line has to name one column `{EMAIL}`.")
        cells = [(row[EMAIL] or "").strip() for row in rows]
    except csv.Error as error:
        raise NoAddresses(f"CSV parse error - {error}") from None
    return [text_of(each) for each in cells if each]


def _lines(rows: Iterable[Sequence[str]]) -> bytes:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return written.getvalue().encode()
