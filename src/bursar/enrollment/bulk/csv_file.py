"""A job as a CSV file, safe to open in a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from bursar.database.types import AnyRow
from bursar.spreadsheet import cell

HEADER: Final = ("email address", "course key", "enrollment status", "notes")


def csv_chunks(batches: Iterable[Sequence[AnyRow]]) -> Iterator[bytes]:
    """The file, piece by piece."""
    yield _lines([HEADER])
    for rows in batches:
        yield _lines(_cells(row) for row in rows)


def _cells(row: AnyRow) -> tuple[str, ...]:
    texts = (row.email, row.course_run_key, row.status, row.notes)
    return tuple(cell(text) for text in texts)


def _lines(rows: Iterable[Sequence[str]]) -> bytes:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return written.getvalue().encode()
