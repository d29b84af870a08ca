"""An enterprise with learners, its learning record store, and what becomes of enrollments."""

from collections.abc import Sequence
from datetime import datetime
from threading import Event
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, update

from bursar import clock
from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.database.types import AnyRow
from bursar.delivery.models import Channel, Delivery, DeliveryAttempt
from bursar.enrollment.commands import NewEnrollment, Payer, ReportSource
from bursar.enrollment.progress.reported_rows import parse_object
from bursar.enrollment.progress.service import store_reported
from bursar.enrollment.service import end_enrollments, record_enrollments
from bursar.identity.sealing import Seal
from bursar.identity.service import DeclaredEnterprise, put_enterprise
from bursar.learners.commands import DeclaredLearner
from bursar.learners.service import find_learners, put_learners
from bursar.outgoing import settings as outgoing_settings
from bursar.outgoing.addresses import Permitted
from bursar.outgoing.settings import OutgoingSettings
from bursar.xapi.commands import PutConnection
from bursar.xapi.loop import send_statements
from bursar.xapi.models import XapiConnection
from bursar.xapi.service import put_connection

ACTOR = Actor("test")
LOCAL = Permitted.of(["127.0.0.0/8"])
SEAL = Seal(["a secret of the installation"])
LMS = "https://lms.example.org"
RUN = "course-v1:edX+A+1"
ANA, BEN = "ana@acme.example", "ben@acme.example"
"""Ana has consented, Ben has not."""


def prepare(database: Database) -> Database:
    """What is on this machine is permitted."""
    database.info[outgoing_settings.KEY] = OutgoingSettings(LOCAL, lambda: SEAL)
    return database


def open_enterprise(database: Database, name: str = "Acme") -> UUID:
    uuid = uuid4()
    people = [
        DeclaredLearner(email=ANA, lms_user_id=501, username="ana", consent=True),
        DeclaredLearner(email=BEN, lms_user_id=502, username="ben"),
    ]
    with database.transaction() as session:
        declared = DeclaredEnterprise(uuid=uuid, name=name, slug=f"{name.lower()}-{uuid.hex[:8]}")
        put_enterprise(session, ACTOR, declared)
        put_learners(session, ACTOR, uuid, people, at=clock.now())
    return uuid


def connect(database: Database, enterprise: UUID, endpoint: str, **fields: Any) -> None:
    values = {"endpoint": endpoint, "key": "acme", "secret": "only here"} | fields
    with database.transaction() as session:
        command = PutConnection(enterprise_uuid=enterprise, **values)
        put_connection(session, ACTOR, command, seal=SEAL, at=clock.now())


def consent(database: Database, enterprise: UUID, email: str, *, given: bool) -> None:
    with database.transaction() as session:
        people = [DeclaredLearner(email=email, consent=given)]
        put_learners(session, ACTOR, enterprise, people, at=clock.now())


def enroll(database: Database, enterprise: UUID, *emails: str, run: str = RUN) -> None:
    with database.transaction() as session:
        learners = find_learners(session, enterprise, emails)
        enrollments = [
            NewEnrollment(
                enterprise, learners[email].id, run, Payer.LICENSE, license_uuid=license_of(email)
            )
            for email in emails
        ]
        record_enrollments(session, ACTOR, enrollments, at=clock.now())


def enroll_many(database: Database, enterprise: UUID, number: int) -> None:
    emails = [f"l{each:03}@acme.example" for each in range(number)]
    with database.transaction() as session:
        people = [DeclaredLearner(email=email, consent=True) for email in emails]
        put_learners(session, ACTOR, enterprise, people, at=clock.now())
    enroll(database, enterprise, *emails)


def end(database: Database, enterprise: UUID, email: str) -> None:
    with database.transaction() as session:
        end_enrollments(
            session, ACTOR, enterprise, license_uuids=[license_of(email)], at=clock.now()
        )


def license_of(email: str) -> UUID:
    return UUID(int=int.from_bytes(email.encode()[:15]))


def report(database: Database, enterprise: UUID, email: str, **fields: Any) -> None:
    row = parse_object({"courserun_key": RUN, "learner_email": email, **fields})
    with database.transaction() as session:
        store_reported(session, ACTOR, enterprise, [row], source=ReportSource.API, at=clock.now())


def send(database: Database, stopping: Event | None = None, *, seconds: float = 30.0) -> None:
    """Until nothing is due, or until it is told to stop."""
    until_idle, stopping = stopping is None, stopping or Event()
    send_statements(
        database, LOCAL, lambda: SEAL, LMS, stopping, until_idle=until_idle, seconds=seconds
    )


def deliveries(database: Database) -> Sequence[AnyRow]:
    mine = select(*Delivery.__table__.c).where(Delivery.channel == Channel.XAPI.value)
    with database.read() as connection:
        return connection.execute(mine.order_by(Delivery.id)).all()


def attempts(database: Database) -> Sequence[AnyRow]:
    columns = DeliveryAttempt.__table__.c
    with database.read() as connection:
        ordered = select(*columns).order_by(columns.delivery_id, columns.number)
        return connection.execute(ordered).all()


def make_due(database: Database) -> None:
    """All that waits for its next attempt."""
    with database.transaction() as session:
        session.execute(update(Delivery).values(next_attempt_at=clock.now()))


def connection_of(database: Database, enterprise: UUID) -> AnyRow:
    mine = select(*XapiConnection.__table__.c).where(XapiConnection.enterprise_uuid == enterprise)
    with database.read() as connection:
        return connection.execute(mine).one()


def failing_since(database: Database, enterprise: UUID, instant: datetime) -> None:
    mine = update(XapiConnection).where(XapiConnection.enterprise_uuid == enterprise)
    with database.transaction() as session:
        session.execute(mine.values(failing_since=instant))


def make_pending(database: Database) -> None:
    """As after a worker that was killed before it recorded what it had sent."""
    again = {"status": "pending", "finished_at": None, "next_attempt_at": clock.now()}
    with database.transaction() as session:
        session.execute(update(Delivery).values(**again))
