"""Lists of licenses, and files of them, each in a constant number of statements."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import Connection, Select, select
from sqlalchemy.orm import Session

from bursar.database.streams import batches
from bursar.learners.service import find_learner
from bursar.pages import Page, PageRequest
from bursar.spreadsheet import cell
from bursar.subscriptions.licenses import queries
from bursar.subscriptions.licenses.commands import LicenseSelection, PersonSelection
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.states import LicenseStatus
from bursar.subscriptions.licenses.views import LicenseItem, StatusCount, license_item
from bursar.subscriptions.plans.owned import PlanTarget

FIRST_ROWS: Final = 100
"""Of a file: the first of them are sent soon."""
ROWS_AT_ONCE: Final = 5_000


def list_licenses(
    connection: Connection, plan: PlanTarget, selection: LicenseSelection, wanted: PageRequest
) -> tuple[Page, list[LicenseItem]]:
    """By e-mail; those that nobody holds come last. Raises PageOutOfRange."""
    if selection.search is None and selection.user_email is None:
        count = sum(getattr(plan, f"{status}_count") for status in selection.statuses)
    else:
        count = queries.count_licenses(connection, plan.uuid, selection)
    page = wanted.within(count)
    rows = queries.page_of_licenses(
        connection, plan.uuid, selection, offset=page.start, limit=page.size
    )
    return page, [license_item(row) for row in rows]


def addresses_with_license(enterprise_uuid: UUID) -> Select[str | None]:
    """Of everybody with an activated license, to be part of another statement."""
    return select(License.user_email).where(
        License.enterprise_uuid == enterprise_uuid,
        License.status == LicenseStatus.ACTIVATED.value,
    )


def count_by_status(
    connection: Connection, plan: PlanTarget, selection: LicenseSelection
) -> list[StatusCount]:
    """The statuses that occur among the selected licenses, the most frequent one first."""
    counts = queries.count_by_status(connection, plan.uuid, selection)
    found = [StatusCount(status, counts[status]) for status in LicenseStatus if counts[status]]
    return sorted(found, key=lambda each: -each.count)


def licenses_of_person(
    connection: Connection, selection: PersonSelection, wanted: PageRequest
) -> tuple[Page, list[LicenseItem]]:
    """Over all plans, the license that was assigned last first. Raises PageOutOfRange."""
    email = selection.user_email
    if selection.lms_user_id is not None:
        with Session(connection) as session:
            learner = find_learner(
                session, selection.enterprise_uuid, lms_user_id=selection.lms_user_id
            )
        if learner is None or email not in {None, learner.email}:
            return wanted.within(0), []
        email = learner.email
    rows = queries.rows_of_person(connection, selection.enterprise_uuid, str(email))
    page = wanted.within(len(rows))
    return page, [license_item(row) for row in rows[page.start : page.start + page.size]]


def csv_file(
    connection: Connection, plan: PlanTarget, selection: LicenseSelection
) -> Iterator[bytes]:
    """All selected licenses as CSV, in the order of the list. The connection is in a snapshot."""
    yield csv_header()
    for items in all_licenses(connection, plan.uuid, selection):
        yield csv_lines(items)


def all_licenses(
    connection: Connection, plan_uuid: UUID, selection: LicenseSelection
) -> Iterator[list[LicenseItem]]:
    """Every selected license of a plan, in the order of the list, in batches that keep memory
    constant. The connection is in a snapshot."""
    statement = queries.selected_licenses(plan_uuid, selection)
    for rows in batches(connection, statement, {}, first=FIRST_ROWS, size=ROWS_AT_ONCE):
        yield [license_item(row) for row in rows]


def csv_header() -> bytes:
    return _lines([LicenseItem.__struct_fields__])


def csv_lines(items: Iterable[LicenseItem]) -> bytes:
    return _lines(map(_cells, items))


def _cells(item: LicenseItem) -> list[str]:
    values = msgspec.structs.astuple(item)
    return ["" if value is None else cell(str(value)) for value in values]


def _lines(rows: Iterable[Sequence[str]]) -> bytes:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return written.getvalue().encode()
