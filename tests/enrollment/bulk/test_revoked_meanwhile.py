"""Chunks of a job, revocations and ends of enrollments, all at the same time."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from bursar.database.engine import Database
from bursar.enrollment.bulk import service
from bursar.enrollment.bulk.rules import chunks_of
from bursar.enrollment.gateway import EmbeddedGateway
from bursar.enrollment.models import Enrollment
from bursar.subscriptions.endings.service import end_batch
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.states import LicenseStatus
from testing.worlds.bulk_enrollment import (
    PLAN,
    Lms,
    activate,
    assert_sound,
    build,
    counts,
    course,
    create,
    do_chunk,
    emails,
    give,
    know,
    outcomes,
    plan,
    revoke,
    run_keys,
    stock,
)

pytestmark = pytest.mark.slow
PEOPLE, KEYS = emails(40), run_keys(10)


@pytest.mark.parametrize("round_", range(3))
def test_no_enrollment_outlives_its_license(
    database: Database, monkeypatch: pytest.MonkeyPatch, round_: int
) -> None:
    monkeypatch.setattr(service, "CHUNK_SIZE", 8)
    with database.transaction() as session:
        build(session)
        stock(session, *(course(f"C{number}") for number in range(len(KEYS))))
        plan(session)
        know(session, PEOPLE)
        give(session, PEOPLE)
        job = create(session, PEOPLE, KEYS)
    activate(database, PEOPLE[::2])
    lms = Lms()
    number_of_chunks = chunks_of(len(PEOPLE) * len(KEYS), 8)
    with ThreadPoolExecutor(6) as threads:
        work: list[Future[Any]] = [
            threads.submit(do_chunk, database, job, number, lms)
            for number in range(number_of_chunks)
        ]
        work += [threads.submit(revoke, database, [email]) for email in PEOPLE[1::3]]
        for each in work:
            each.result()
    while end_batch(database, EmbeddedGateway(), PLAN):
        pass
    state, succeeded, pending, failed = counts(database, job)
    assert (state, pending, succeeded + failed) == ("done", 0, len(PEOPLE) * len(KEYS))
    reasons = {notes for status, notes in outcomes(database, job).values() if status == "failed"}
    assert reasons <= {"missing subscription"}
    with database.transaction() as session:
        assert_sound(session)
        outliving = select(Enrollment.id).where(
            Enrollment.unenrolled_at.is_(None),
            Enrollment.license_uuid.in_(
                select(License.uuid).where(License.status != LicenseStatus.ACTIVATED.value)
            ),
        )
        assert session.scalars(outliving).all() == []
