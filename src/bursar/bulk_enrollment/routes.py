"""Bulk enrolment: ask for it, see how far it is, and read what came of it."""

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.bulk_enrollment import jobs, queries, service
from bursar.bulk_enrollment.csv_file import csv_chunks
from bursar.bulk_enrollment.rules import JobState, PairStatus
from bursar.bulk_enrollment.schemas import (
    BulkEnrollmentAnswer,
    BulkEnrollmentBody,
    BulkEnrollmentPair,
    BulkEnrollmentPairs,
    BulkEnrollmentStatus,
)
from bursar.clock import format_instant
from bursar.database.types import AnyRow
from bursar.web.call import Answer, Call, enterprise_of
from bursar.web.pagination import next_link, previous_link, select_page

PATH: Final = "/enterprise/v1/bulk-license-enrollment"
PAGE_SIZE: Final = 100


def create(call: Call, session: Session, body: Any) -> Answer:
    asked: BulkEnrollmentBody = body
    uuid = service.create_job(
        session,
        Actor(call.principal.client_id, call.request_id),
        enterprise_of(call),
        asked.wish,
        call.now,
        has_lms=bool(call.settings.lms_url),
    )
    jobs.enqueue_job(call.services.queue, session, uuid)
    return Answer(BulkEnrollmentAnswer(uuid), status=201, headers={"Location": _url_of(call, uuid)})


def _url_of(call: Call, uuid: UUID) -> str:
    return f"{call.url.partition(PATH)[0]}{PATH}/{uuid}"


def get_status(call: Call, _connection: Connection) -> Answer:
    job = call.found
    return Answer(
        BulkEnrollmentStatus(
            job_id=job.uuid,
            state=JobState(job.state),
            total=job.total,
            done=_done(job),
            succeeded=job.succeeded_count,
            pending=job.pending_count,
            failed=job.failed_count,
            created=format_instant(job.created_at),
            finished=None if job.finished_at is None else format_instant(job.finished_at),
            download_url=f"{_url_of(call, job.uuid)}/download",
        )
    )


def _done(job: AnyRow) -> int:
    number: int = job.succeeded_count + job.pending_count + job.failed_count
    return number


def list_rows(call: Call, connection: Connection) -> Answer:
    job = call.found
    page = select_page(call.query, count=_done(job), size=PAGE_SIZE)
    # Numbers are without gaps once all pairs are done: nothing has to be skipped row by row.
    where = {"first" if job.state == JobState.DONE else "offset": page.start}
    rows = queries.page_of_rows(connection, job.uuid, size=PAGE_SIZE, **where)
    return Answer(
        BulkEnrollmentPairs(
            count=page.count,
            next=next_link(call.url, call.query, page),
            previous=previous_link(call.url, call.query, page),
            results=[
                BulkEnrollmentPair(row.email, row.course_run_key, PairStatus(row.status), row.notes)
                for row in rows
            ],
        )
    )


def download(call: Call, _connection: Connection) -> Answer:
    uuid = call.found.uuid

    def chunks(connection: Connection) -> Iterator[bytes]:
        return csv_chunks(queries.all_rows(connection, uuid))

    headers = {"Content-Disposition": f'attachment; filename="bulk-enrollment-{uuid}.csv"'}
    return Answer(stream=chunks, headers=headers)
