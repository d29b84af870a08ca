"""Notes of the pairs that the LMS is asked to enroll.

A note is written before the call and removed with the record of its outcome. A worker that dies in
between leaves it, and whoever repeats the work then knows that the LMS may hold an enrollment, even
if the license was revoked meanwhile and nobody would ask for it again.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bursar.database.bulk import is_any_of
from bursar.database.engine import insert_for
from bursar.enrollment.bulk.models import BulkEnrollmentAsked

_asked = BulkEnrollmentAsked.__table__.c


def find(session: Session, job_uuid: UUID, numbers: Sequence[int]) -> dict[int, UUID]:
    """The licenses that were to pay for pairs of earlier calls, by the numbers of the pairs."""
    statement = select(_asked.number, _asked.license_uuid).where(
        _asked.job_uuid == job_uuid, is_any_of(session, BulkEnrollmentAsked.number, numbers)
    )
    return {row.number: row.license_uuid for row in session.connection().execute(statement)}


def note(session: Session, job_uuid: UUID, licenses: Mapping[int, UUID]) -> None:
    """What is noted already stays as it is."""
    rows = [
        {"job_uuid": job_uuid, "number": number, "license_uuid": license_uuid}
        for number, license_uuid in licenses.items()
    ]
    if rows:
        statement = insert_for(session, BulkEnrollmentAsked).on_conflict_do_nothing()
        session.connection().execute(statement, rows)


def forget(session: Session, job_uuid: UUID, numbers: Sequence[int]) -> None:
    """Expects the transaction that records the outcomes of these pairs."""
    session.connection().execute(
        delete(BulkEnrollmentAsked).where(
            _asked.job_uuid == job_uuid, is_any_of(session, BulkEnrollmentAsked.number, numbers)
        )
    )
