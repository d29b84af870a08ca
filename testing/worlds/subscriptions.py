"""An enterprise with plans, for the subscription tests."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.catalog.catalogs.service import put_catalog
from bursar.database.engine import Database
from bursar.identity.service import put_enterprise
from bursar.jobs.queue import JobQueue
from bursar.subscriptions.checks import check_subscriptions
from bursar.subscriptions.declared.service import put_plan
from bursar.subscriptions.licenses import activation, revocation, service
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.service import Assignments, Wish
from bursar.subscriptions.plans.models import SubscriptionPlan

ACTOR = Actor("test")
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ENTERPRISE = UUID("66b5922b-a22b-4a7b-b587-d4af0378bd6f")
OTHER_ENTERPRISE = UUID("66b5922b-a22b-4a7b-b587-d4af0378bd70")
CATALOG = UUID("101989c0-5dfa-4e0b-91dc-01f590148c6f")
OTHER_CATALOG = UUID("101989c0-5dfa-4e0b-91dc-01f590148c70")
PLAN = UUID("904b1785-9d3a-4000-848d-6ae7a56e6355")
NEXT_PLAN = UUID("904b1785-9d3a-4000-848d-6ae7a56e6356")


def days(number: float) -> datetime:
    return NOW + timedelta(days=number)


def emails(number: int, prefix: str = "learner") -> list[str]:
    return [f"{prefix}{index}@acme.example" for index in range(number)]


def build(session: Session) -> None:
    for uuid, catalog, slug in (
        (ENTERPRISE, CATALOG, "acme"),
        (OTHER_ENTERPRISE, OTHER_CATALOG, "globex"),
    ):
        put_enterprise(session, ACTOR, uuid=uuid, fields={"name": slug, "slug": slug}, now=NOW)
        put_catalog(
            session, ACTOR, uuid=catalog, enterprise_uuid=uuid, fields={"title": "T"}, now=NOW
        )


def plan(session: Session, uuid: UUID = PLAN, now: datetime = NOW, **fields: Any) -> str:
    """A current plan of a hundred licences, unless told otherwise."""
    standard = {
        "title": "Enterprise Subscription",
        "start_date": days(-30),
        "expiration_date": days(300),
        "enterprise_catalog_uuid": CATALOG,
        "num_licenses": 100,
    }
    return put_plan(
        session,
        ACTOR,
        uuid=uuid,
        enterprise_uuid=ENTERPRISE,
        fields=standard | fields,
        now=now,
    )


def change(session: Session, uuid: UUID = PLAN, now: datetime = NOW, **fields: Any) -> str:
    return put_plan(session, ACTOR, uuid=uuid, enterprise_uuid=ENTERPRISE, fields=fields, now=now)


def renewal(**fields: Any) -> dict[str, Any]:
    """Due ten days from now."""
    return {
        "uuid": NEXT_PLAN,
        "title": "Next",
        "effective_date": days(10),
        "renewed_expiration_date": days(375),
        "number_of_licenses": 100,
        **fields,
    }


def assign(
    session: Session, addresses: Sequence[str], uuid: UUID = PLAN, **options: Any
) -> Assignments:
    now = options.pop("now", NOW)
    wish = Wish(dict.fromkeys(addresses), **options)
    return service.assign(
        session, ACTOR, enterprise_uuid=ENTERPRISE, plan_uuid=uuid, wish=wish, now=now
    )


def activate(session: Session, addresses: Sequence[str], uuid: UUID = PLAN) -> None:
    rows = service.live_licenses(session, uuid, addresses)
    activation.activate(session, ACTOR, ENTERPRISE, [row.uuid for row in rows], NOW)


def revoke(
    database: Database, session: Session, addresses: Sequence[str], uuid: UUID = PLAN
) -> int:
    return revocation.revoke_emails(
        session,
        JobQueue(database),
        ACTOR,
        enterprise_uuid=ENTERPRISE,
        plan_uuid=uuid,
        emails=addresses,
        now=NOW,
    )


def counts(session: Session, uuid: UUID = PLAN) -> tuple[int, int, int, int]:
    """Unassigned, assigned, activated, revoked; proven to be the real ones."""
    assert list(check_subscriptions(session)) == []
    row = session.get(SubscriptionPlan, uuid, populate_existing=True)
    assert row is not None
    return row.unassigned_count, row.assigned_count, row.activated_count, row.revoked_count


def licenses_of(session: Session, uuid: UUID = PLAN, *statuses: str) -> list[License]:
    """By e-mail."""
    statement = select(License).where(License.plan_uuid == uuid).order_by(License.user_email)
    if statuses:
        statement = statement.where(License.status.in_(statuses))
    return list(session.scalars(statement.execution_options(populate_existing=True)))
