"""Records how far a job is. Every function expects the transaction of the chunk that it records."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, String, Uuid, bindparam, case, delete, func, update
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from bursar.actors import Actor, ActorKind
from bursar.database.bulk import bulk_insert
from bursar.database.engine import insert_for
from bursar.database.rows import given_rows
from bursar.database.types import AnyRow, Instant
from bursar.enrollment.bulk.events import (
    BulkEnrollmentProgressed,
    BulkEnrollmentStarted,
    EnrolledCourse,
    JobEvent,
    JobFinished,
)
from bursar.enrollment.bulk.models import (
    BulkEnrollmentChunk,
    BulkEnrollmentJob,
    BulkEnrollmentRow,
)
from bursar.enrollment.bulk.rules import Decision, JobState, Pair, PairStatus
from bursar.enrollment.bulk.views import view_of
from bursar.events.service import publish

_jobs, _chunks = BulkEnrollmentJob.__table__.c, BulkEnrollmentChunk.__table__.c
_rows = BulkEnrollmentRow.__table__.c
_STATUS: Final = (
    _jobs.uuid,
    _jobs.enterprise_uuid,
    _jobs.total,
    _jobs.state,
    _jobs.succeeded_count,
    _jobs.pending_count,
    _jobs.failed_count,
    _jobs.created_at,
    _jobs.finished_at,
)


def start(session: Session, job: AnyRow, now: datetime) -> bool:
    """Marks the job as running. Returns False if it was begun before."""
    statement = (
        update(BulkEnrollmentJob)
        .where(_jobs.uuid == job.uuid, _jobs.state == JobState.QUEUED.value)
        .values(state=JobState.RUNNING.value, started_at=now)
        .returning(*_STATUS)
    )
    started = session.connection().execute(statement).first()
    if started is None:
        return False
    event = BulkEnrollmentStarted(
        object_id=job.uuid,
        enterprise_uuid=job.enterprise_uuid,
        changes={"state": (JobState.QUEUED, JobState.RUNNING)},
        data=view_of(started),
    )
    publish(session, actor_of(job), [event], at=now)
    return True


def actor_of(job: AnyRow) -> Actor:
    """The actor who requested the job."""
    return Actor(job.client_id, job.request_id, ActorKind.CLIENT)


def claim_chunk(session: Session, job_uuid: UUID, number: int, now: datetime) -> bool:
    """Claims a chunk for this transaction. Returns False if another one has done it, and waits for
    one that is still under way."""
    statement = insert_for(session, BulkEnrollmentChunk).on_conflict_do_nothing()
    values = {"job_uuid": job_uuid, "number": number, "done_at": now}
    claimed = session.execute(statement.values(values).returning(_chunks.number))
    return claimed.first() is not None


def release_chunk(session: Session, job_uuid: UUID, number: int) -> None:
    """Takes back the claim of this transaction, because pairs of the chunk are left."""
    session.execute(
        delete(BulkEnrollmentChunk).where(_chunks.job_uuid == job_uuid, _chunks.number == number)
    )


def add_rows(
    session: Session,
    job: AnyRow,
    decisions: Mapping[Pair, Decision],
    to_notify: Sequence[EnrolledCourse],
    now: datetime,
) -> None:
    """Adds rows of a chunk that this transaction has claimed. It must be the last step of the
    transaction, because it locks the row of the job."""
    bulk_insert(
        session,
        BulkEnrollmentRow,
        [
            {
                "job_uuid": job.uuid,
                "number": pair.number,
                "enterprise_uuid": job.enterprise_uuid,
                "email": pair.email,
                "course_run_key": pair.course_run_key,
                "status": decision.status.value,
                "notes": decision.notes,
                "license_uuid": decision.license_uuid,
                "created_at": now,
                "modified_at": now,
            }
            for pair, decision in decisions.items()
        ],
    )
    counts = Counter(decision.status for decision in decisions.values())
    told = _count(session, job, counts, to_notify, now)
    events: list[JobEvent] = [told]
    if told.data.state == JobState.DONE:
        events.append(
            JobFinished(
                object_id=job.uuid,
                enterprise_uuid=job.enterprise_uuid,
                changes={"state": (JobState.RUNNING, JobState.DONE)},
                data=told.data,
            )
        )
    publish(session, actor_of(job), events, at=now)


_SETTLED: Final[dict[str, TypeEngine[Any]]] = {
    "number": BigInteger(),
    "status": String(),
    "notes": String(),
    "license_uuid": Uuid(as_uuid=True),
}


def change_rows(
    session: Session,
    job: AnyRow,
    decisions: Mapping[Pair, Decision],
    to_notify: Sequence[EnrolledCourse],
    now: datetime,
) -> None:
    """Changes rows of pending pairs, which the caller has locked. It must be the last step of the
    transaction, because it locks the row of the job."""
    settled = [
        (pair.number, decision.status.value, decision.notes, decision.license_uuid)
        for pair, decision in decisions.items()
    ]
    given = given_rows(session, _SETTLED, settled)
    session.connection().execute(
        update(BulkEnrollmentRow)
        .where(_rows.job_uuid == job.uuid, _rows.number == given.c.number)
        .values(
            status=given.c.status,
            notes=given.c.notes,
            license_uuid=given.c.license_uuid,
            modified_at=now,
        )
    )
    counts = Counter(decision.status for decision in decisions.values())
    counts[PairStatus.PENDING] -= len(settled)
    told = _count(session, job, counts, to_notify, now)
    publish(session, actor_of(job), [told], at=now)


_DONE: Final = (
    _jobs.succeeded_count
    + _jobs.pending_count
    + _jobs.failed_count
    + bindparam("succeeded")
    + bindparam("pending")
    + bindparam("failed")
    == _jobs.total
)
_COUNT: Final = (
    update(BulkEnrollmentJob)
    .where(_jobs.uuid == bindparam("job_uuid"))
    .values(
        succeeded_count=_jobs.succeeded_count + bindparam("succeeded"),
        pending_count=_jobs.pending_count + bindparam("pending"),
        failed_count=_jobs.failed_count + bindparam("failed"),
        state=case((_DONE, JobState.DONE.value), else_=JobState.RUNNING.value),
        finished_at=case(
            (_DONE, func.coalesce(_jobs.finished_at, bindparam("now", type_=Instant()))),
            else_=None,
        ),
    )
    .returning(*_STATUS)
)


def _count(
    session: Session,
    job: AnyRow,
    more: Mapping[PairStatus, int],
    to_notify: Sequence[EnrolledCourse],
    now: datetime,
) -> BulkEnrollmentProgressed:
    """Adds to the counts of the job. Other chunks of the job wait for its row from here on."""
    values = {
        "job_uuid": job.uuid,
        "succeeded": more[PairStatus.SUCCESS],
        "pending": more[PairStatus.PENDING],
        "failed": more[PairStatus.FAILED],
        "now": now,
    }
    view = view_of(session.connection().execute(_COUNT, values).one())
    counts = {"succeeded": view.succeeded, "pending": view.pending, "failed": view.failed}
    return BulkEnrollmentProgressed(
        object_id=job.uuid,
        enterprise_uuid=job.enterprise_uuid,
        changes={name: (new - values[name], new) for name, new in counts.items() if values[name]},
        data=view,
        to_notify=tuple(to_notify),
    )
