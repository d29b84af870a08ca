"""What reports hold: the rows of endpoints, from the functions that the endpoints call.

Every function expects a connection in a snapshot, and keeps no more than a batch in memory.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from bursar.batches import batched
from bursar.catalog.listings.commands import Selection
from bursar.catalog.listings.owned import CATALOG, CatalogTarget
from bursar.catalog.listings.service import Look, listed_documents, selected_ids
from bursar.credit.assignments.owned import CONFIGURATION
from bursar.credit.assignments.service import all_assignments
from bursar.credit.assignments.views import AssignmentListItem
from bursar.credit.redemption.service import all_transactions
from bursar.credit.redemption.views import TransactionItem
from bursar.reporting.commands import Report, Subject
from bursar.reporting.export import csv_chunks
from bursar.reporting.service import read_all
from bursar.scheduled_reports import writers
from bursar.scheduled_reports.commands import (
    AssignmentsWanted,
    ContentWanted,
    LicensesWanted,
    ReportFormat,
    SummariesWanted,
    TransactionsWanted,
    Wanted,
)
from bursar.scheduled_reports.targets import chosen
from bursar.subscriptions.licenses.service import all_licenses, csv_header, csv_lines
from bursar.subscriptions.plans.owned import PLAN

DOCUMENTS: Final = 100
"""How many documents of a catalog are in memory at once; one may have hundreds of kilobytes."""
CONTENT_COLUMNS: Final = (
    "catalog_uuid", "content_type", "aggregation_key", "key", "uuid", "title", "short_description",
    "level_type", "pacing_type", "start", "end", "marketing_url", "enrollment_url",
)  # fmt: skip
"""Of a catalog as CSV: documents are nested, and these are what a table can show of them."""
_BEFORE_EVERYTHING: Final = datetime(1970, 1, 1, tzinfo=UTC)

Batches = Iterator[Sequence[msgspec.Struct]]


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose report it is, and when it is made."""

    enterprise_uuid: UUID
    enterprise_name: str
    now: datetime
    root_url: str
    """The beginning of absolute links."""
    look: Look


def content_of(
    connection: Connection, asked: Asked, wanted: Wanted, form: ReportFormat
) -> Iterator[bytes]:
    """The file, in parts."""
    match wanted:
        case SummariesWanted():
            return _summaries(connection, asked, wanted, form)
        case LicensesWanted():
            return _licenses(connection, asked, wanted, form)
        case AssignmentsWanted():
            return _table(AssignmentListItem, _assignments(connection, asked, wanted), form)
        case TransactionsWanted():
            found = all_transactions(connection, asked.enterprise_uuid, wanted.filters)
            return _table(TransactionItem, found, form)
        case ContentWanted():
            return _content(connection, asked, wanted, form)


def _summaries(
    connection: Connection, asked: Asked, wanted: SummariesWanted, form: ReportFormat
) -> Iterator[bytes]:
    today = asked.now.date()
    report = Report(asked.enterprise_uuid, today, wanted.filters, wanted.ordering)
    subject = Subject(asked.enterprise_uuid, asked.enterprise_name, asked.root_url)
    batches = read_all(connection, report, subject)
    return csv_chunks(batches) if form is ReportFormat.CSV else _as_json(batches, form)


def _licenses(
    connection: Connection, asked: Asked, wanted: LicensesWanted, form: ReportFormat
) -> Iterator[bytes]:
    plans = chosen(
        connection,
        PLAN,
        asked.enterprise_uuid,
        "subscription_plan_uuid",
        wanted.subscription_plan_uuid,
    )
    batches = (
        items for plan in plans for items in all_licenses(connection, plan.uuid, wanted.selection)
    )
    if form is not ReportFormat.CSV:
        return _as_json(batches, form)
    return _below(csv_header(), map(csv_lines, batches))


def _assignments(connection: Connection, asked: Asked, wanted: AssignmentsWanted) -> Batches:
    configurations = chosen(
        connection,
        CONFIGURATION,
        asked.enterprise_uuid,
        "assignment_configuration_uuid",
        wanted.assignment_configuration_uuid,
    )
    for each in configurations:
        yield from all_assignments(connection, each.uuid, wanted.filters, wanted.ordering)


def _content(
    connection: Connection, asked: Asked, wanted: ContentWanted, form: ReportFormat
) -> Iterator[bytes]:
    catalogs = chosen(connection, CATALOG, asked.enterprise_uuid, "catalog_id", wanted.catalog_uuid)
    if form is ReportFormat.CSV:
        rows = (
            writers.table(CONTENT_COLUMNS, _rows_of(catalog, documents))
            for catalog in catalogs
            for documents in _documents(connection, asked, catalog, asked.look)
        )
        return _below(writers.table(CONTENT_COLUMNS, (), head=True), rows)
    found = (
        documents
        for catalog in catalogs
        for documents in _documents(connection, asked, catalog, asked.look)
    )
    if form is ReportFormat.JSON:
        return writers.json_array(found)
    return map(_one_a_line, found)


def _documents(
    connection: Connection, asked: Asked, catalog: CatalogTarget, look: Look
) -> Iterator[bytes]:
    """What the catalog lists now, in the order of its listing: some documents at a time, with
    commas in between."""
    ids = selected_ids(connection, catalog, Selection((), _BEFORE_EVERYTHING, asked.now))
    for some in batched(ids, DOCUMENTS):
        yield listed_documents(connection, catalog, some, look)


def _one_a_line(documents: bytes) -> bytes:
    # The documents stay the bytes that they are; a line break cannot stand in JSON that is stored.
    found = msgspec.json.decode(b"[%s]" % documents, type=list[msgspec.Raw])
    return b"".join(bytes(document) + b"\n" for document in found)


def _rows_of(catalog: CatalogTarget, documents: bytes) -> Iterator[list[object]]:
    for document in msgspec.json.decode(b"[%s]" % documents, type=list[dict[str, Any]]):
        values: Mapping[str, Any] = {**document, "catalog_uuid": str(catalog.uuid)}
        yield [values.get(name) for name in CONTENT_COLUMNS]


def _table(kind: type[msgspec.Struct], batches: Batches, form: ReportFormat) -> Iterator[bytes]:
    if form is not ReportFormat.CSV:
        return _as_json(batches, form)
    names = writers.columns_of(kind)
    rows = (writers.table(names, map(writers.cells_of, batch)) for batch in batches)
    return _below(writers.table(names, (), head=True), rows)


def _as_json(batches: Iterable[Sequence[msgspec.Struct]], form: ReportFormat) -> Iterator[bytes]:
    if form is ReportFormat.JSON:
        return writers.json_array(map(writers.joined, batches))
    return map(writers.lines, batches)


def _below(head: bytes, parts: Iterable[bytes]) -> Iterator[bytes]:
    yield head
    yield from parts
