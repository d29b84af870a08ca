"""Enterprises whose learners an LMS speaks of, and what is then known of them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.catalog.catalogs.commands import PutCatalog
from bursar.catalog.catalogs.service import put_catalog
from bursar.catalog.content.documents import parse_document
from bursar.catalog.imports.service import store_documents
from bursar.database.engine import Database
from bursar.enrollment.commands import NewEnrollment, Payer
from bursar.enrollment.models import Enrollment
from bursar.enrollment.progress.models import LmsProgress
from bursar.enrollment.service import record_enrollments
from bursar.events.models import EventRecord
from bursar.identity.service import DeclaredEnterprise, put_enterprise
from bursar.learners.commands import DeclaredLearner
from bursar.learners.models import Learner
from bursar.learners.service import find_learners, put_learners

ACTOR: Final = Actor("test")
NOW: Final = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
ACME: Final = UUID("66b5922b-a22b-4a7b-b587-d4af0378bd6f")
GLOBEX: Final = UUID("66b5922b-a22b-4a7b-b587-d4af0378bd70")
RUN: Final = "course-v1:edX+Open+1"
"""Of a course in the catalogs of both."""
ANA, BEN, CYD = "ana@acme.example", "ben@acme.example", "cyd@acme.example"
"""Ana and Ben have accounts, 501 and 502, and have given consent; of Cyd only the address is
known."""


def after(hours: float) -> datetime:
    return NOW + timedelta(hours=hours)


def build(session: Session, enterprise_uuid: UUID = ACME) -> None:
    number = enterprise_uuid.int % 1_000
    declared = DeclaredEnterprise(uuid=enterprise_uuid, name="Acme", slug=f"acme-{number}")
    put_enterprise(session, ACTOR, declared, at=NOW)
    course = {
        "key": "edX+Open",
        "title": "Open",
        "course_runs": [{"key": RUN, "status": "published", "title": "Open"}],
    }
    store_documents(session, ACTOR, [parse_document(course)], NOW)
    command = PutCatalog(
        enterprise_uuid=enterprise_uuid,
        catalog_uuid=UUID(int=number),
        title="All",
        content_filter={"content_type": "course"},
    )
    put_catalog(session, ACTOR, command, refresh_inline_limit=100, at=NOW)
    know(session, enterprise_uuid, [ANA, BEN, CYD])


def know(session: Session, enterprise_uuid: UUID, emails: Sequence[str]) -> None:
    accounts = {ANA: (501, "ana"), BEN: (502, "ben")}
    people = [
        DeclaredLearner(
            email=email,
            lms_user_id=accounts.get(email, (None, None))[0],
            username=accounts.get(email, (None, None))[1],
            consent=True,
        )
        for email in emails
    ]
    put_learners(session, ACTOR, enterprise_uuid, people, at=NOW)


def enroll(
    database: Database,
    *emails: str,
    run: str = RUN,
    enterprise_uuid: UUID = ACME,
    mode: str = "verified",
    at: datetime = NOW,
) -> None:
    """With a license each."""
    with database.transaction() as session:
        learners = find_learners(session, enterprise_uuid, emails)
        wanted = [
            NewEnrollment(
                enterprise_uuid,
                learners[email].id,
                run,
                Payer.LICENSE,
                license_uuid=UUID(int=learners[email].id),
                mode=mode,
            )
            for email in emails
        ]
        record_enrollments(session, ACTOR, wanted, at=at)


def rows(database: Database) -> dict[tuple[UUID, str, str], dict[str, Any]]:
    """What is stored of enrollments, and how it came, by enterprise, address and run."""
    table, said = Enrollment.__table__, LmsProgress.__table__
    statement = (
        select(table, Learner.email, said.c.source)
        .join(Learner, Learner.id == table.c.learner_id)
        .outerjoin(said, said.c.enrollment_id == table.c.id)
    )
    with database.read() as connection:
        found = connection.execute(statement).mappings().all()
    return {
        (row["enterprise_uuid"], row["email"], row["courserun_key"]): dict(row) for row in found
    }


def row(database: Database, email: str, run: str = RUN, of: UUID = ACME) -> dict[str, Any]:
    return rows(database)[of, email, run]


def told(database: Database, object_type: str = "enrollment") -> list[str]:
    """The events, in their order."""
    table = EventRecord.__table__
    statement = select(table.c.type).where(table.c.object_type == object_type)
    with database.read() as connection:
        return list(connection.execute(statement.order_by(table.c.id)).scalars())
