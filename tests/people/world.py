"""Two enterprises that know the same person, in every table that can hold people."""

import json
from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
from sqlalchemy import MetaData, Table, insert, inspect, select
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.audit.models import AuditEntry
from bursar.credit.assignments import service as assignments
from bursar.credit.assignments.commands import AllocateCourse
from bursar.credit.redemption import service as redemption
from bursar.credit.redemption.commands import CompleteRedemption, RedeemCourse
from bursar.database.bulk import bulk_insert
from bursar.database.engine import Database
from bursar.enrollment.bulk.models import BulkEnrollmentJob, BulkEnrollmentRow
from bursar.enrollment.commands import ReportSource
from bursar.enrollment.direct.models import DirectEnrollment
from bursar.enrollment.progress.hook_news import ToldAccount, ToldNews, keep_news
from bursar.enrollment.progress.hooks import FoundHook, create_hook
from bursar.enrollment.progress.reported_rows import parse_object
from bursar.enrollment.progress.service import store_reported
from bursar.groups.service import ChangeMembers, change_members
from bursar.jobs.names import SCHEMA
from bursar.jobs.queue import JobQueue
from bursar.learners.service import ensure_learners
from bursar.scim.resources import Email, UserModel
from bursar.scim.service import Tenant
from bursar.scim.users import create_user
from bursar.subscriptions.licenses import service as licenses
from bursar.subscriptions.licenses.commands import AssignLicenses
from bursar.web.models import IdempotencyRecord
from testing.shops.service import furnish
from testing.worlds.contract import ACME, COURSE_KEY, GLOBEX, NESTED_RUN_KEY, RUN_KEY, manifest
from testing.worlds.contract_credit import named
from testing.worlds.declared import declare

PERSON, OTHER = "ána.x+y@acme.example", "diána.x+y@acme.example"
"""The address of one is the end of the other's."""
ACCOUNT, OTHER_ACCOUNT = 987_501, 987_502
USERNAME, SSO = "person-user-name", "person-sso-id"
ACTOR = Actor("test")
ENTERPRISES = (ACME, GLOBEX)


def settle(database: Database) -> None:
    furnish(database)
    known = {each["uuid"]: each for each in manifest()["enterprises"]}
    for enterprise in ENTERPRISES:
        named_only = {key: known[str(enterprise)][key] for key in ("uuid", "name", "slug")}
        plan = {"uuid": str(named(enterprise, "plan")), "num_licenses": 10}
        learners = [_learner(PERSON, ACCOUNT), _learner(OTHER, OTHER_ACCOUNT)]
        parts = {"learners": learners, "subscription_plans": [plan]}
        declare(database, {"enterprises": [named_only | parts]})
        with database.transaction() as session:
            for email in (PERSON, OTHER):
                _live(session, enterprise, email)
    with database.transaction() as session:
        _keep_for_a_while(database, session)


def _learner(email: str, account: int) -> dict[str, object]:
    mine = email == PERSON
    return {
        "email": email,
        "lms_user_id": account,
        "username": USERNAME if mine else "other",
        "sso_uid": SSO if mine else None,
        "country": "US",
        "consent": True,
    }


def _live(session: Session, enterprise: UUID, email: str) -> None:
    now = clock.now()
    command = AllocateCourse(enterprise, named(enterprise, "budget"), COURSE_KEY, 100, (email,))
    assignments.allocate(session, ACTOR, command, tolerance_percent=100_000_000, at=now)
    wish = RedeemCourse(enterprise, named(enterprise, "budget for all"), COURSE_KEY, email, None)
    transaction = redemption.redeem(session, ACTOR, wish, at=now)
    redemption.complete(session, ACTOR, CompleteRedemption(enterprise, transaction.uuid), at=now)
    change_members(session, ACTOR, named(enterprise, "group"), ChangeMembers(add=[email]), at=now)
    _tell_of_user(session, enterprise, email)
    given = AssignLicenses(enterprise, named(enterprise, "plan"), {email: "sfid"}, notify=True)
    licenses.assign(session, ACTOR, given, at=now)
    row = parse_object({"learner_email": email, "courserun_key": RUN_KEY, "letter_grade": "A"})
    store_reported(session, ACTOR, enterprise, [row], source=ReportSource.API, at=now)
    _enroll_in_bulk(session, enterprise, email)
    _enroll_directly(session, enterprise, email)
    entry = {
        "enterprise_uuid": enterprise,
        "at": now,
        "actor": "tester",
        "action": "learner.made",
        "object_type": "learner",
        "object_id": email,
        "request_id": None,
        "details": {"email": email, "told": f"Hello {email}."},
    }
    session.execute(insert(AuditEntry).values(**entry))


def _tell_of_user(session: Session, enterprise: UUID, email: str) -> None:
    """As an identity provider does."""
    user = UserModel(
        user_name=f"user of {email}",
        external_id=f"id of {email}",
        display_name=f"Name of {email}",
        emails=[Email(value=email, type="work", primary=True)],
    )
    create_user(Tenant(session, ACTOR, enterprise, clock.now()), user)


def _enroll_in_bulk(session: Session, enterprise: UUID, email: str) -> None:
    now, uuid = clock.now(), uuid4()
    job = {
        "uuid": uuid,
        "enterprise_uuid": enterprise,
        "notify": False,
        "emails": [email, f"before-{email}"],
        "course_run_keys": [NESTED_RUN_KEY],
        "total": 2,
        "chunk_size": 1_000,
        "state": "done",
        "succeeded_count": 0,
        "pending_count": 0,
        "failed_count": 2,
        "client_id": "test",
        "request_id": None,
        **dict.fromkeys(("created_at", "started_at", "finished_at"), now),
    }
    row = {
        "job_uuid": uuid,
        "number": 0,
        "enterprise_uuid": enterprise,
        "email": email,
        "course_run_key": NESTED_RUN_KEY,
        "status": "failed",
        "notes": "missing subscription",
        "license_uuid": None,
        "created_at": now,
        "modified_at": now,
    }
    bulk_insert(session, BulkEnrollmentJob, [job])
    bulk_insert(session, BulkEnrollmentRow, [row, row | {"number": 1, "email": f"before-{email}"}])


def _enroll_directly(session: Session, enterprise: UUID, email: str) -> None:
    now = clock.now()
    wish = {
        "uuid": uuid4(),
        "enterprise_uuid": enterprise,
        "learner_id": ensure_learners(session, enterprise, [email], now)[email].id,
        "courserun_key": RUN_KEY,
        "mode": "audit",
        "cohort": None,
        "is_active": True,
        "notify": False,
        "state": "failed",
        "error": f"The LMS knows no {email}.",
        "in_lms": False,
        "batch_uuid": uuid4(),
        "created_at": now,
        "modified_at": now,
    }
    bulk_insert(session, DirectEnrollment, [wish])


def _keep_for_a_while(database: Database, session: Session) -> None:
    """An answer that can be replayed, a job, and what an LMS told, which name no enterprise."""
    answer = {"results": [{"email": PERSON, "username": USERNAME}, {"email": OTHER}]}
    record = IdempotencyRecord(
        scope="a scope",
        fingerprint="a hash",
        status=200,
        headers="{}",
        body=msgspec.json.encode(answer),
        expires_at=clock.now() + timedelta(days=1),
    )
    session.add(record)
    JobQueue(database).enqueue(session, "work", PERSON, 1)
    account = ToldAccount(PERSON, ACCOUNT, USERNAME)
    for enterprise in ENTERPRISES:
        hook = create_hook(session, ACTOR, enterprise, is_signed=False, at=clock.now()).hook
        found = FoundHook(hook.uuid, enterprise, None)
        keep_news(session, found, ToldNews(account=account), clock.now())


def places_of(database: Database, text: str, enterprise: UUID | None = None) -> set[str]:
    """The tables and columns that hold a text, in any way of writing it: every table that the
    database knows of is read. With an enterprise, only its rows, in tables that name it."""
    found = set()
    with database.read() as connection:
        schemas = [None] if database.is_sqlite else [None, SCHEMA]
        for schema in schemas:
            for name in inspect(connection).get_table_names(schema=schema):
                table = Table(name, MetaData(), schema=schema, autoload_with=connection)
                statement = select(table)
                if enterprise is not None:
                    if "enterprise_uuid" not in table.c:
                        continue
                    statement = statement.where(
                        table.c.enterprise_uuid == _stored(enterprise, database)
                    )
                for row in connection.execute(statement).mappings():
                    found |= {f"{name}.{key}" for key, value in row.items() if _holds(value, text)}
    return found


def _stored(enterprise: UUID, database: Database) -> object:
    return enterprise.hex if database.is_sqlite else enterprise


def _holds(value: object, text: str) -> bool:
    told = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    # The other person's addresses end with this one.
    for other in (OTHER, f"before-{text}"):
        for written in _written(other):
            told = told.replace(written, "")
    return any(written in told for written in _written(text))


def _written(text: str) -> tuple[str, str]:
    """As it is, and as JSON writes it in ASCII."""
    return text, json.dumps(text)[1:-1]
