"""Reads for bulk enrollment. Each reads all rows that are needed in one statement."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Connection,
    Uuid,
    bindparam,
    literal_column,
    select,
    tuple_,
    union,
)
from sqlalchemy.orm import Session

from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.models import ContentItem, NestedRun
from bursar.catalog.offers.service import find_offers
from bursar.database.bulk import is_any_of
from bursar.database.types import AnyRow
from bursar.enrollment.bulk.models import (
    BulkEnrollmentChunk,
    BulkEnrollmentJob,
    BulkEnrollmentRow,
)
from bursar.enrollment.bulk.rules import DecisionFacts, Pair, PairStatus, Run
from bursar.enrollment.models import Enrollment
from bursar.learners.models import Learner
from bursar.learners.service import LearnerRecord
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.service import find_usable_licenses
from bursar.subscriptions.licenses.states import LicenseStatus

_jobs = BulkEnrollmentJob.__table__
_chunks, _rows = BulkEnrollmentChunk.__table__.c, BulkEnrollmentRow.__table__.c
_items, _nested, _licenses = ContentItem.__table__.c, NestedRun.__table__.c, License.__table__.c

_JOB: Final = select(_jobs).where(_jobs.c.uuid == bindparam("uuid"))
_CHUNKS: Final = select(_chunks.number).where(_chunks.job_uuid == bindparam("job_uuid"))
_KNOWN_RUNS: Final = union(
    select(_items.key).where(
        _items.key.in_(bindparam("keys", expanding=True)),
        _items.content_type == ContentType.COURSE_RUN.value,
        _items.deleted_at.is_(None),
    ),
    select(_nested.run_key).where(_nested.run_key.in_(bindparam("keys", expanding=True))),
)
_PAGE: Final = (
    select(_rows.number, _rows.email, _rows.course_run_key, _rows.status, _rows.notes)
    .where(_rows.job_uuid == bindparam("job_uuid"), _rows.number >= bindparam("first"))
    .order_by(_rows.number)
    .limit(bindparam("size"))
    .offset(bindparam("offset"))
)
ROWS_AT_ONCE: Final = 5_000


def get_job(session: Session, uuid: UUID) -> AnyRow:
    """A job with all of its columns. Raises NoResultFound."""
    return session.connection().execute(_JOB, {"uuid": uuid}).one()


def done_chunks(session: Session, job_uuid: UUID) -> set[int]:
    return set(session.scalars(_CHUNKS, {"job_uuid": job_uuid}))


def page_of_rows(
    connection: Connection, job_uuid: UUID, *, first: int = 0, offset: int = 0, size: int
) -> Sequence[AnyRow]:
    """Pairs that were done, from number `first` on, in the order of their numbers."""
    values = {"job_uuid": job_uuid, "first": first, "offset": offset, "size": size}
    return connection.execute(_PAGE, values).all()


def all_rows(connection: Connection, job_uuid: UUID) -> Iterator[Sequence[AnyRow]]:
    """All pairs of a job in batches."""
    first = 0
    while rows := page_of_rows(connection, job_uuid, first=first, size=ROWS_AT_ONCE):
        yield rows
        first = rows[-1].number + 1


def find_facts(
    session: Session,
    enterprise_uuid: UUID,
    *,
    learners: Mapping[str, LearnerRecord],
    emails: Sequence[str],
    keys: Sequence[str],
    now: datetime,
) -> DecisionFacts:
    """The facts that decide about pairs of these e-mails and keys, both without duplicates."""
    licenses = find_usable_licenses(session, enterprise_uuid, emails, now)
    catalogs = {each.catalog_uuid for found in licenses.values() for each in found}
    known = set(session.scalars(_KNOWN_RUNS, {"keys": keys}))
    wanted = [(catalog, key) for catalog in catalogs for key in keys if key in known]
    runs = {
        pair: Run(offer.title, offer.run_key is not None)
        for pair, offer in find_offers(session, wanted, now).items()
    }
    accounts = {
        email: learner.lms_user_id
        for email, learner in learners.items()
        if learner.lms_user_id is not None
    }
    return DecisionFacts(licenses, runs, known, accounts)


def live_enrollments(
    session: Session, enterprise_uuid: UUID, emails: Sequence[str]
) -> set[tuple[str, str]]:
    """E-mail and run key of every enrollment of these learners that has not ended."""
    enrollments, learners = Enrollment.__table__.c, Learner.__table__.c
    statement = (
        select(learners.email, enrollments.courserun_key)
        .join_from(Learner.__table__, Enrollment.__table__, enrollments.learner_id == learners.id)
        .where(
            learners.enterprise_uuid == enterprise_uuid,
            is_any_of(session, Learner.email, emails),
            enrollments.unenrolled_at.is_(None),
        )
    )
    return {(email, key) for email, key in session.execute(statement)}


# The status is a literal, because PostgreSQL cannot use the partial index with a parameter.
_IS_PENDING: Final = _rows.status == literal_column("'pending'")
_WAITING_NO_MORE: Final = (
    select(_rows.job_uuid, _rows.number, _rows.email, _rows.course_run_key)
    .join_from(BulkEnrollmentRow.__table__, License.__table__, _licenses.uuid == _rows.license_uuid)
    .where(
        _IS_PENDING,
        _licenses.status != LicenseStatus.ASSIGNED.value,
        tuple_(_rows.job_uuid, _rows.number)
        > tuple_(bindparam("job_uuid", type_=Uuid()), bindparam("number", type_=BigInteger())),
    )
    .order_by(_rows.job_uuid, _rows.number)
    .limit(bindparam("size"))
)
_UNFINISHED: Final = (
    select(_jobs).where(_jobs.c.state != literal_column("'done'")).order_by(_jobs.c.created_at)
)
_NUMBERS: Final = select(_rows.number).where(
    _rows.job_uuid == bindparam("job_uuid"),
    _rows.number.between(bindparam("first"), bindparam("last")),
)
_LOST: Final = select(_rows.number, _rows.email, _rows.course_run_key).where(
    _rows.job_uuid == bindparam("job_uuid"),
    _rows.number.between(bindparam("first"), bindparam("last")),
    _rows.status == PairStatus.FAILED.value,
    _rows.license_uuid.is_not(None),
)


def pairs_to_continue(
    session: Session, after: tuple[UUID, int], size: int, license_uuid: UUID | None = None
) -> Sequence[AnyRow]:
    """Pending pairs whose license was activated, or is gone; by job and number."""
    statement, values = _WAITING_NO_MORE, {"job_uuid": after[0], "number": after[1], "size": size}
    if license_uuid is not None:
        statement = statement.where(_rows.license_uuid == license_uuid)
    return session.connection().execute(statement, values).all()


def is_awaited(session: Session, license_uuids: Sequence[UUID]) -> bool:
    """Whether pairs are pending until one of these is activated."""
    mine = is_any_of(session, BulkEnrollmentRow.license_uuid, license_uuids)
    statement = select(_rows.number).where(_IS_PENDING, mine).limit(1)
    return session.execute(statement).first() is not None


def unfinished_jobs(session: Session) -> Sequence[AnyRow]:
    return session.connection().execute(_UNFINISHED).all()


def recorded_numbers(session: Session, job_uuid: UUID, numbers: range) -> set[int]:
    """Those of these pairs whose outcome is recorded."""
    values = {"job_uuid": job_uuid, "first": numbers[0], "last": numbers[-1]}
    return set(session.scalars(_NUMBERS, values))


def lost_pairs(session: Session, job_uuid: UUID, numbers: range) -> list[Pair]:
    """Pairs enrolled in the LMS that then lost the license that was to pay."""
    values = {"job_uuid": job_uuid, "first": numbers[0], "last": numbers[-1]}
    return [Pair(*row) for row in session.connection().execute(_LOST, values)]


def still_pending(session: Session, job_uuid: UUID, numbers: Sequence[int]) -> set[int]:
    """The numbers of those pairs that are still pending. They are locked until the transaction
    ends."""
    mine = is_any_of(session, BulkEnrollmentRow.number, numbers)
    statement = select(_rows.number).where(
        _rows.job_uuid == job_uuid, mine, _rows.status == PairStatus.PENDING.value
    )
    return set(session.scalars(statement.order_by(_rows.number).with_for_update()))
