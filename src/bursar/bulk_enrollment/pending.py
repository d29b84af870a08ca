"""Pairs that wait for their learner to activate a license, and then are enrolled."""

from itertools import groupby
from operator import attrgetter
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from bursar import clock
from bursar.bulk_enrollment import enrolling, queries, service
from bursar.bulk_enrollment.enrolling import Enrolled, Job
from bursar.bulk_enrollment.rules import MISSING_SUBSCRIPTION, Pair, PairStatus
from bursar.database.engine import Database
from bursar.enrollment.gateway import LmsGateway, LmsUnavailable
from bursar.settings import Settings

BATCH: Final = 1_000
_log = structlog.get_logger(__name__)


def enroll_pending(database: Database, settings: Settings, lms: LmsGateway) -> int:
    """How many pairs are pending no more. What the LMS does not answer is left to the next time."""
    total, after = 0, (UUID(int=0), -1)
    while True:
        with database.read() as connection, Session(connection) as session:
            rows = queries.waiting_no_more(session, after, BATCH)
        if not rows:
            return total
        for job_uuid, some in groupby(rows, key=attrgetter("job_uuid")):
            pairs = [Pair(row.number, row.email, row.course_run_key) for row in some]
            try:
                total += _settle(database, settings, lms, job_uuid, pairs)
            except LmsUnavailable as error:
                _log.warning("pending pairs wait for the LMS", reason=str(error))
                return total
        after = rows[-1].job_uuid, rows[-1].number


def _settle(
    database: Database, settings: Settings, lms: LmsGateway, job_uuid: UUID, pairs: list[Pair]
) -> int:
    with database.read() as connection, Session(connection) as session:
        row = queries.get_job(session, job_uuid)
    job = Job.of(row, settings.lms_public_url)
    enrolled = enrolling.enroll(database, lms, job, pairs)
    now = clock.now()
    with database.transaction() as session:
        pending = queries.still_pending(session, job_uuid, [pair.number for pair in pairs])
        mine = {pair: each for pair, each in enrolled.decisions.items() if pair.number in pending}
        if not mine:
            return 0
        decisions = enrolling.record(session, job, Enrolled(enrolled.ground, mine), now)
        service.change_rows(session, row, decisions, now)
    lost = [
        pair
        for pair, each in decisions.items()
        if each.notes == MISSING_SUBSCRIPTION and each.license is not None
    ]
    if lost:
        enrolling.give_back(database, lms, job.enterprise_uuid, lost)
    return sum(each.status is not PairStatus.PENDING for each in decisions.values())
