"""What `settle` leaves empty: a row at least in every table whose rows travel."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Select, func, insert, select

from bursar import clock
from bursar.accounts import service as accounts
from bursar.accounts.commands import Browser
from bursar.accounts.service import ConsoleRole, Invite
from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.enrollment.progress.hook_news import ToldAccount, ToldNews, keep_news
from bursar.enrollment.progress.hooks import FoundHook, create_hook
from bursar.identity.sealing import Seal
from bursar.identity.service import CreateClient, create_client
from bursar.moving.tables import OF_THE_INSTALLATION, SHARED, table, tables_of_enterprises
from bursar.people.service import change_email, erase_person
from bursar.provisioning.apply import apply
from bursar.provisioning.manifest import from_data
from testing.worlds.contract import ACME, COURSE_KEY, GLOBEX, RUN_KEY
from testing.worlds.contract_credit import named

ACTOR = Actor("operator:test")
SECRET = "the secret of the installation there"
SEAL = Seal([SECRET])
PASSWORD = "a long and rare password"
ADMIN_OF_ACME, VIEWER_OF_BOTH, OPERATOR = (
    "ann@acme.example",
    "vera@example.org",
    "olga@example.org",
)
_GONE, _OLD, _NEW = "gone@acme.example", "old@acme.example", "new@acme.example"


def furnish_rest(database: Database) -> None:
    now = clock.now()
    with database.transaction() as session:
        manifest = from_data({"enterprises": [_declared()]})
        apply(session, ACTOR, [manifest], now=now, seal=SEAL)
    with database.transaction() as session:
        for email, enterprise, role in (
            (ADMIN_OF_ACME, ACME, ConsoleRole.ADMIN),
            (VIEWER_OF_BOTH, ACME, ConsoleRole.VIEWER),
            (VIEWER_OF_BOTH, GLOBEX, ConsoleRole.VIEWER),
            (OPERATOR, None, ConsoleRole.OPERATOR),
        ):
            secret = accounts.invite(session, ACTOR, Invite(email, enterprise, role), at=now)
        for enterprise in (ACME, None):
            hook = create_hook(session, ACTOR, enterprise, is_signed=True, at=now)
            found = FoundHook(hook.hook.uuid, enterprise, None)
            account = ToldAccount("nobody@acme.example", 4_711, "nobody")
            keep_news(session, found, ToldNews(account=account), now)
        provider = CreateClient(
            client_id="acme-idp", enterprise_uuid=ACME, role="scim", has_token=True
        )
        create_client(session, ACTOR, provider, at=now)
        erase_person(session, ACTOR, ACME, _GONE, now)
        change_email(session, ACTOR, ACME, _OLD, _NEW, at=now)
    accounts.use_link(database, secret, PASSWORD, Browser("127.0.0.1", "none"), at=now)
    with database.transaction() as session:
        for name, row in _rows(session.connection()):
            session.execute(insert(table(name)).values(row))


def _declared() -> dict[str, Any]:
    plan = {
        "uuid": str(named(ACME, "plan")),
        "renewals": [
            {
                "uuid": str(named(ACME, "following plan")),
                "title": "The plan that follows",
                "effective_date": "2090-01-01T00:00:00Z",
                "renewed_expiration_date": "2091-01-01T00:00:00Z",
                "number_of_licenses": 5,
            }
        ],
    }
    adjustment = {
        "uuid": str(named(ACME, "adjustment")),
        "amount": 500,
        "date": "2026-02-01T00:00:00Z",
        "reason": "a present",
    }
    return {
        "uuid": str(ACME),
        "name": "Acme Corporation",
        "slug": "acme",
        "ask_consent": True,
        "accent": "#224466",
        "learners": [{"email": _GONE}, {"email": _OLD}],
        "xapi": {
            "endpoint": "https://lrs.acme.example/xapi",
            "key": "bursar",
            "secret": "a secret of the store",
        },
        "subsidies": [{"uuid": str(named(ACME, "subsidy")), "adjustments": [adjustment]}],
        "policies": [
            {"uuid": str(named(ACME, "budget for all")), "groups": [str(named(ACME, "group"))]}
        ],
        "subscription_plans": [plan],
        "reports": [
            {
                "name": "licenses",
                "what": "licenses",
                "at": {"time": "06:00"},
                "to": {"email": ["boss@acme.example"]},
            }
        ],
    }


def _rows(connection: Connection) -> Iterator[tuple[str, dict[str, Any]]]:
    """Of tables that only work under way fills."""
    now, acme = clock.now(), {"enterprise_uuid": ACME}

    def first(name: str, column: str) -> Any:
        found = table(name).c
        statement: Select[Any] = select(found[column]).where(found[column].is_not(None))
        if "enterprise_uuid" in found:
            statement = statement.where(found.enterprise_uuid == ACME)
        return connection.scalar(statement.order_by(found[column]).limit(1))

    yield (
        "told_once",
        acme | {"object_uuid": named(ACME, "plan"), "type": "x", "mark": "y", "at": now},
    )
    yield (
        "report_runs",
        acme
        | {
            "uuid": uuid4(),
            "report_uuid": first("reports", "uuid"),
            "report_name": "licenses",
            "planned_at": now,
            "status": "delivered",
            "size": 12,
            "created_at": now,
            "finished_at": now,
        },
    )
    query = first("enterprise_catalogs", "query_uuid")
    yield "query_allowed_runs", {"query_uuid": query, "run_key": RUN_KEY}
    job = {"job_uuid": named(ACME, "job"), "number": 0, "license_uuid": uuid4()}
    yield "bulk_enrollment_asked", job
    catalog = {"catalog_uuid": first("enterprise_catalogs", "uuid")}
    content = {"content_id": first("content_items", "id"), "arrived": True, "at": now}
    yield "catalog_changes", acme | catalog | content
    tried = {"number": 1, "at": now, "outcome": "failed", "status": 500, "seconds": 0.5}
    yield "delivery_attempts", {"delivery_id": first("deliveries", "id"), **tried}
    action = {"uuid": uuid4(), "action_type": "notified", "created_at": now, "modified_at": now}
    assignment = {"assignment_uuid": first("assignments", "uuid")}
    yield "assignment_actions", acme | assignment | action
    waits = {"subject_uuid": uuid4(), "course_key": COURSE_KEY, "kind": "license", "since": now}
    yield "waiting_claims", acme | waits
    lms = {"lms_slow_seconds": 2, "lms_away": False, "lms_refuse_one_in": 3, "lms_asked": 1}
    yield "sandbox_faults", acme | lms | {"mail_bounce": True, "modified_at": now}
    progress = {"source": "push", "percent": 0.5, "grade_at": now}
    yield "lms_progress", {"enrollment_id": first("enrollments", "id"), **progress}


def empty_tables(database: Database) -> set[str]:
    """Those whose rows travel, and of which there are none."""
    with database.read() as connection:
        return {
            name
            for name in {*SHARED, *OF_THE_INSTALLATION, *tables_of_enterprises()}
            if not connection.scalar(select(func.count()).select_from(table(name)))
        }
