"""An enterprise with plans, for the subscription tests."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.catalog.catalogs.commands import PutCatalog
from bursar.catalog.catalogs.service import put_catalog
from bursar.database.engine import Database
from bursar.events.models import EventRecord
from bursar.identity.service import DeclaredEnterprise, put_enterprise
from bursar.subscriptions.checks import check_subscriptions
from bursar.subscriptions.declared.commands import PlanFields, PutPlan, RenewalFields
from bursar.subscriptions.declared.service import put_plan
from bursar.subscriptions.licenses import service
from bursar.subscriptions.licenses.commands import (
    ActivateLicenses,
    AssignedLicenses,
    AssignLicenses,
    RevokeLicenses,
)
from bursar.subscriptions.licenses.models import License
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
        put_enterprise(session, ACTOR, DeclaredEnterprise(uuid=uuid, name=slug, slug=slug), at=NOW)
        command = PutCatalog(enterprise_uuid=uuid, catalog_uuid=catalog, title="T")
        put_catalog(session, ACTOR, command, at=NOW)


def plan(session: Session, uuid: UUID = PLAN, now: datetime = NOW, **fields: Any) -> str:
    """A current plan of a hundred licenses, unless told otherwise."""
    standard = {
        "title": "Enterprise Subscription",
        "start_date": days(-30),
        "expiration_date": days(300),
        "enterprise_catalog_uuid": CATALOG,
        "num_licenses": 100,
    }
    return change(session, uuid, now, **(standard | fields))


def change(session: Session, uuid: UUID = PLAN, now: datetime = NOW, **fields: Any) -> str:
    command = PutPlan(ENTERPRISE, uuid, cast("PlanFields", fields))
    return put_plan(session, ACTOR, command, at=now)


def renewal(**fields: Any) -> RenewalFields:
    """Due ten days from now."""
    standard = {
        "uuid": NEXT_PLAN,
        "title": "Next",
        "effective_date": days(10),
        "renewed_expiration_date": days(375),
        "number_of_licenses": 100,
    }
    return cast("RenewalFields", standard | fields)


def assign(
    session: Session, addresses: Sequence[str], uuid: UUID = PLAN, **options: Any
) -> AssignedLicenses:
    at = options.pop("now", NOW)
    command = AssignLicenses(ENTERPRISE, uuid, dict.fromkeys(addresses), **options)
    return service.assign(session, ACTOR, command, at=at)


def activate(session: Session, addresses: Sequence[str], uuid: UUID = PLAN) -> None:
    found = service.find_live_licenses(session, uuid, addresses)
    command = ActivateLicenses(ENTERPRISE, [each.license_uuid for each in found])
    service.activate_several(session, ACTOR, command, at=NOW)


def revoke(session: Session, addresses: Sequence[str], uuid: UUID = PLAN) -> int:
    command = RevokeLicenses(ENTERPRISE, uuid, addresses)
    return service.revoke(session, ACTOR, command, at=NOW)


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


def published(database: Database, kind: str) -> list[EventRecord]:
    """In the order of their publication."""
    with database.transaction() as session:
        statement = select(EventRecord).where(EventRecord.type == kind).order_by(EventRecord.id)
        records = list(session.scalars(statement))
        session.expunge_all()
    return records
