"""Jobs and what came of their pairs. Every function expects the caller's transaction."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, String, Uuid, bindparam, case, func, insert, update
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from bursar.actors import Actor
from bursar.audit.service import Change, record
from bursar.database.bulk import bulk_insert
from bursar.database.engine import insert_for
from bursar.database.rows import given_rows
from bursar.database.types import AnyRow, Instant
from bursar.enrollment.bulk.models import (
    BulkEnrollmentChunk,
    BulkEnrollmentJob,
    BulkEnrollmentRow,
)
from bursar.enrollment.bulk.rules import Decision, JobState, Pair, PairStatus

CHUNK_SIZE: Final = 1_000
"""Pairs that are decided and recorded together."""
LMS_CHUNK_SIZE: Final = 100
"""With an LMS that does some of them in a second, and now and then is away."""

_jobs, _chunks = BulkEnrollmentJob.__table__.c, BulkEnrollmentChunk.__table__.c
_rows = BulkEnrollmentRow.__table__.c


@dataclass(frozen=True, slots=True)
class Wish:
    """Without repetitions, and e-mails normalised."""

    emails: Sequence[str]
    course_run_keys: Sequence[str]
    notify: bool


def create_job(
    session: Session,
    actor: Actor,
    enterprise_uuid: UUID,
    wish: Wish,
    now: datetime,
    *,
    has_lms: bool = False,
) -> UUID:
    """The caller enqueues it."""
    uuid, total = uuid4(), len(wish.emails) * len(wish.course_run_keys)
    session.execute(
        insert(BulkEnrollmentJob).values(
            uuid=uuid,
            enterprise_uuid=enterprise_uuid,
            notify=wish.notify,
            emails=list(wish.emails),
            course_run_keys=list(wish.course_run_keys),
            total=total,
            chunk_size=LMS_CHUNK_SIZE if has_lms else CHUNK_SIZE,
            state=JobState.QUEUED.value,
            succeeded_count=0,
            pending_count=0,
            failed_count=0,
            client_id=actor.name,
            request_id=actor.request_id,
            created_at=now,
        )
    )
    details = {"pairs": total, "learners": len(wish.emails), "notify": wish.notify}
    record(session, actor, [_change("created", uuid, enterprise_uuid, details)])
    return uuid


def _change(
    action: str, uuid: UUID, enterprise_uuid: UUID, details: dict[str, Any] | None = None
) -> Change:
    return Change(
        f"bulk_enrollment.{action}", "bulk_enrollment", str(uuid), enterprise_uuid, details or {}
    )


def start(session: Session, job: AnyRow, now: datetime) -> bool:
    """False when it has begun before."""
    statement = (
        update(BulkEnrollmentJob)
        .where(_jobs.uuid == job.uuid, _jobs.state == JobState.QUEUED.value)
        .values(state=JobState.RUNNING.value, started_at=now)
        .returning(_jobs.uuid)
    )
    if session.connection().execute(statement).first() is None:
        return False
    record(session, actor_of(job), [_change("started", job.uuid, job.enterprise_uuid)])
    return True


def actor_of(job: AnyRow) -> Actor:
    """Whoever asked for it."""
    return Actor(job.client_id, job.request_id)


def claim_chunk(session: Session, job_uuid: UUID, number: int, now: datetime) -> bool:
    """False when another has done it. Waits for one that is just doing it."""
    statement = insert_for(session, BulkEnrollmentChunk).on_conflict_do_nothing()
    values = {"job_uuid": job_uuid, "number": number, "done_at": now}
    claimed = session.execute(statement.values(values).returning(_chunks.number))
    return claimed.first() is not None


def add_rows(
    session: Session, job: AnyRow, decisions: Mapping[Pair, Decision], now: datetime
) -> None:
    """Of a chunk that this transaction has claimed."""
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
    if _count(session, job.uuid, decisions.values(), now) is JobState.DONE:
        record(session, actor_of(job), [_change("done", job.uuid, job.enterprise_uuid)])


_SETTLED: Final[dict[str, TypeEngine[Any]]] = {
    "number": BigInteger(),
    "status": String(),
    "notes": String(),
    "license_uuid": Uuid(as_uuid=True),
}


def change_rows(
    session: Session, job: AnyRow, decisions: Mapping[Pair, Decision], now: datetime
) -> None:
    """Of pairs that are pending: the caller holds their rows."""
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
    _count(session, job.uuid, decisions.values(), now, no_longer_pending=len(settled))


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
    .returning(_jobs.state)
)


def _count(
    session: Session,
    job_uuid: UUID,
    decisions: Iterable[Decision],
    now: datetime,
    *,
    no_longer_pending: int = 0,
) -> JobState:
    """The job's state from now on. Others of the same job wait from here on: last of all."""
    numbers = Counter(decision.status for decision in decisions)
    values = {
        "job_uuid": job_uuid,
        "succeeded": numbers[PairStatus.SUCCESS],
        "pending": numbers[PairStatus.PENDING] - no_longer_pending,
        "failed": numbers[PairStatus.FAILED],
        "now": now,
    }
    return JobState(session.connection().execute(_COUNT, values).scalar_one())
