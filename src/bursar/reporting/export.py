"""The whole report as CSV or as lines of JSON, batch by batch."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from bursar.clock import format_instant
from bursar.reporting.fields import NAMES
from bursar.reporting.views import LearnerSummary
from bursar.spreadsheet import SUSPICIOUS, cell

_encoder: Final = msgspec.json.Encoder()


def _positions(*wanted: type) -> tuple[int, ...]:
    """The positions of the fields that may have a value of these types."""
    fields = msgspec.structs.fields(LearnerSummary)
    return tuple(
        index
        for index, field in enumerate(fields)
        if any(kind in _kinds(field.type) for kind in wanted)
    )


def _kinds(annotation: Any) -> tuple[Any, ...]:
    return getattr(annotation, "__args__", (annotation,))


_TEXTS: Final = _positions(str)
_INSTANTS: Final = _positions(datetime)


def csv_lines(summaries: Iterable[LearnerSummary]) -> bytes:
    return _written(_cells(summary) for summary in summaries)


def csv_header() -> bytes:
    return _written([NAMES])


def _written(rows: Iterable[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _cells(summary: LearnerSummary) -> list[Any]:
    """The cells of a row. The CSV writer formats dates and numbers as required."""
    cells = list(msgspec.structs.astuple(summary))
    for position in _TEXTS:
        text = cells[position]
        if text and text[0] in SUSPICIOUS:
            cells[position] = cell(text)
    for position in _INSTANTS:
        if cells[position] is not None:
            cells[position] = format_instant(cells[position])
    return cells


def json_lines(summaries: Sequence[LearnerSummary]) -> bytes:
    return _encoder.encode_lines(summaries)


def csv_chunks(batches: Iterable[Sequence[LearnerSummary]]) -> Iterator[bytes]:
    """The report as CSV. The first chunk contains the first rows, so that an error of the query is
    raised before anything was sent."""
    head = csv_header()
    for batch in batches:
        yield head + csv_lines(batch)
        head = b""
    if head:
        yield head


def ndjson_chunks(batches: Iterable[Sequence[LearnerSummary]]) -> Iterator[bytes]:
    """The report as NDJSON, like `csv_chunks`. It is empty when there are no rows."""
    return map(json_lines, batches)
