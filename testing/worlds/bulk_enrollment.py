"""Two enterprises with content, plans and licenses, and a job done without a worker."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.catalog.catalogs.commands import PutCatalog
from bursar.catalog.catalogs.service import put_catalog
from bursar.catalog.content.documents import parse_document
from bursar.catalog.imports.service import store_documents
from bursar.database.engine import Database
from bursar.enrollment.bulk import chunks, jobs, service
from bursar.enrollment.bulk.checks import check_bulk_enrollment
from bursar.enrollment.bulk.commands import RequestBulkEnrollment
from bursar.enrollment.bulk.enrolling import UnansweringLms
from bursar.enrollment.bulk.models import BulkEnrollmentJob, BulkEnrollmentRow
from bursar.enrollment.bulk.pending import enroll_pending
from bursar.enrollment.bulk.rules import chunks_of
from bursar.enrollment.commands import Payer
from bursar.enrollment.gateway import LmsEnrollment, LmsOutcome
from bursar.enrollment.models import Enrollment
from bursar.identity.service import DeclaredEnterprise, put_enterprise
from bursar.jobs.queue import JobQueue
from bursar.learners.commands import DeclaredLearner
from bursar.learners.models import Learner
from bursar.learners.service import put_learners
from bursar.subscriptions.checks import check_subscriptions
from bursar.subscriptions.declared.commands import PlanFields, PutPlan
from bursar.subscriptions.declared.service import put_plan
from bursar.subscriptions.licenses import service as licenses
from bursar.subscriptions.licenses.commands import (
    ActivateLicenses,
    AssignLicenses,
    RevokeLicenses,
)
from bursar.subscriptions.licenses.models import License

ACTOR = Actor("client", "request-1")
ACME = UUID("66b5922b-a22b-4a7b-b587-d4af0378bd6f")
GLOBEX = UUID("66b5922b-a22b-4a7b-b587-d4af0378bd70")
INTRODUCTORY = UUID("101989c0-5dfa-4e0b-91dc-01f590148c6f")
ADVANCED = UUID("101989c0-5dfa-4e0b-91dc-01f590148c70")
GLOBEX_CATALOG = UUID("101989c0-5dfa-4e0b-91dc-01f590148c71")
PLAN = UUID("904b1785-9d3a-4000-848d-6ae7a56e6355")
OTHER_PLAN = UUID("904b1785-9d3a-4000-848d-6ae7a56e6356")
OPEN, CLOSED, HARD = "course-v1:edX+Open+1", "course-v1:edX+Closed+1", "course-v1:edX+Hard+1"
ANA, BOB, CYD = "ana@acme.example", "bob@acme.example", "cyd@acme.example"
SUCCESS = ("success", "")
PENDING = ("pending", "pending license activation")
AWAY = LmsOutcome("away", is_unavailable=True)

Outcomes = dict[tuple[str, str], tuple[str, str]]


def days(number: float) -> datetime:
    return clock.now() + timedelta(days=number)


def course(name: str, level: str = "Introductory", **run: Any) -> dict[str, Any]:
    held = {"key": f"course-v1:edX+{name}+1", "status": "published", "title": f"{name} I", **run}
    return {"key": f"edX+{name}", "title": name, "level_type": level, "course_runs": [held]}


def run_keys(number: int) -> list[str]:
    return [f"course-v1:edX+C{index}+1" for index in range(number)]


def emails(number: int) -> list[str]:
    return [f"learner{index}@acme.example" for index in range(number)]


def stock(session: Session, *documents: dict[str, Any]) -> None:
    parsed = [parse_document(document) for document in documents]
    store_documents(session, ACTOR, parsed, clock.now())


def build(session: Session) -> None:
    """Without plans."""
    now = clock.now()
    for uuid, slug in ((ACME, "acme"), (GLOBEX, "globex")):
        put_enterprise(session, ACTOR, DeclaredEnterprise(uuid=uuid, name=slug, slug=slug), at=now)
    ended = days(-1).isoformat()
    stock(session, course("Open"), course("Closed", end=ended), course("Hard", "Advanced"))
    for uuid, enterprise, level in (
        (INTRODUCTORY, ACME, "Introductory"),
        (ADVANCED, ACME, "Advanced"),
        (GLOBEX_CATALOG, GLOBEX, "Introductory"),
    ):
        command = PutCatalog(
            enterprise_uuid=enterprise,
            catalog_uuid=uuid,
            title=level,
            content_filter={"content_type": "course", "level_type": level},
        )
        put_catalog(session, ACTOR, command, at=now)


def plan(session: Session, uuid: UUID = PLAN, enterprise: UUID = ACME, **fields: Any) -> None:
    standard = {
        "title": "Subscription",
        "start_date": days(-30),
        "expiration_date": days(300),
        "enterprise_catalog_uuid": INTRODUCTORY,
        "num_licenses": 1_000,
    }
    put_plan(session, ACTOR, PutPlan(enterprise, uuid, cast("PlanFields", standard | fields)))


def give(
    session: Session, addresses: Sequence[str], uuid: UUID = PLAN, enterprise: UUID = ACME
) -> None:
    """Licenses that are assigned."""
    command = AssignLicenses(enterprise, uuid, dict.fromkeys(addresses), notify=False)
    licenses.assign(session, ACTOR, command)


def know(session: Session, addresses: Sequence[str], enterprise: UUID = ACME) -> None:
    """Accounts in the LMS."""
    learners = [
        DeclaredLearner(email=email, lms_user_id=number, username=email.partition("@")[0])
        for number, email in enumerate(addresses, 501)
    ]
    put_learners(session, ACTOR, enterprise, learners)


def activate(database: Database, addresses: Sequence[str], uuid: UUID = PLAN) -> None:
    with database.transaction() as session:
        found = licenses.find_live_licenses(session, uuid, addresses)
        command = ActivateLicenses(ACME, [each.license_uuid for each in found])
        licenses.activate_several(session, ACTOR, command)


def revoke(database: Database, addresses: Sequence[str], uuid: UUID = PLAN) -> None:
    with database.transaction() as session:
        licenses.revoke(session, ACTOR, RevokeLicenses(ACME, uuid, addresses))


class Lms:
    """Remembers who sits where; `meanwhile` is called before it answers. It does not answer about
    those whose addresses are in `silent`."""

    def __init__(
        self,
        refusals: Mapping[str, str] | None = None,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        self.refusals = refusals or {}
        self.meanwhile = meanwhile
        self.silent: set[str] = set()
        self.calls: list[list[LmsEnrollment]] = []
        self.ended: list[LmsEnrollment] = []

    def enroll(self, seats: Sequence[LmsEnrollment]) -> list[LmsOutcome]:
        self.calls.append(list(seats))
        self.meanwhile()
        return [
            AWAY if seat.email in self.silent else LmsOutcome(self.refusals.get(seat.email))
            for seat in seats
        ]

    def end(self, seats: Sequence[LmsEnrollment]) -> list[LmsOutcome]:
        self.ended += [seat for seat in seats if seat.email not in self.silent]
        return [AWAY if seat.email in self.silent else LmsOutcome() for seat in seats]

    @property
    def seats(self) -> set[tuple[str, str]]:
        return {(seat.email, seat.courserun_key) for call in self.calls for seat in call}


def create(
    session: Session, addresses: Sequence[str], keys: Sequence[str], *, notify: bool = False
) -> UUID:
    """A job that has begun, with nothing done."""
    command = RequestBulkEnrollment(ACME, addresses, keys, notify)
    uuid = service.request_bulk_enrollment(session, ACTOR, command, has_lms=False)
    assert chunks.start(session, job_row(session, uuid), clock.now())
    return uuid


def run(
    database: Database,
    addresses: Sequence[str],
    keys: Sequence[str],
    *,
    notify: bool = False,
    lms: Lms | None = None,
) -> UUID:
    """A job, done."""
    with database.transaction() as session:
        uuid = create(session, addresses, keys, notify=notify)
        job = job_row(session, uuid)
        number_of_chunks = chunks_of(job.total, job.chunk_size)
    for number in range(number_of_chunks):
        do_chunk(database, uuid, number, lms or Lms())
    return uuid


def do_chunk(database: Database, job: UUID, number: int, lms: Lms | UnansweringLms) -> int:
    return jobs.do_chunk(database, JobQueue(database), lms, job, number)


def settle_pending(database: Database, lms: Lms) -> int:
    return enroll_pending(database, JobQueue(database), lms)


def job_row(session: Session, uuid: UUID) -> Any:
    statement = select(BulkEnrollmentJob.__table__).where(BulkEnrollmentJob.uuid == uuid)
    return session.connection().execute(statement).one()


def outcomes(database: Database, job: UUID) -> Outcomes:
    statement = select(BulkEnrollmentRow).where(BulkEnrollmentRow.job_uuid == job)
    with database.transaction() as session:
        rows = session.scalars(statement.order_by(BulkEnrollmentRow.number))
        return {(row.email, row.course_run_key): (row.status, row.notes) for row in rows}


def counts(database: Database, job: UUID) -> tuple[str, int, int, int]:
    """State, succeeded, pending and failed; proven to be the real ones."""
    with database.transaction() as session:
        assert_sound(session)
        row = job_row(session, job)
        return row.state, row.succeeded_count, row.pending_count, row.failed_count


def assert_sound(session: Session) -> None:
    assert list(check_bulk_enrollment(session)) == []
    assert list(check_subscriptions(session)) == []


def enrollments(database: Database, *, ended: bool = False) -> list[tuple[str, str]]:
    """E-mail and run of those that a license pays for."""
    statement = (
        select(Learner.email, Enrollment.courserun_key)
        .join(Enrollment, Enrollment.learner_id == Learner.id)
        .where(
            Enrollment.payer == Payer.LICENSE.value,
            Enrollment.unenrolled_at.is_not(None) if ended else Enrollment.unenrolled_at.is_(None),
        )
        .order_by(Learner.email, Enrollment.courserun_key)
    )
    with database.read() as connection:
        return [(email, key) for email, key in connection.execute(statement)]


def license_statuses(database: Database, plan_uuid: UUID = PLAN) -> dict[str, str]:
    statement = select(License.user_email, License.status).where(
        License.plan_uuid == plan_uuid, License.user_email.is_not(None)
    )
    with database.read() as connection:
        return {str(email): status for email, status in connection.execute(statement)}
