"""Subscriptions of the two enterprises: a plan of two licenses, of which one is activated."""

from uuid import UUID

from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.database.bulk import bulk_insert
from bursar.subscriptions.licenses import service
from bursar.subscriptions.licenses.commands import ActivateLicenses, AssignLicenses
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.states import LicenseStatus
from bursar.subscriptions.plans.locking import CountsDelta, change_counts
from testing.worlds.contract import ACME, EXAMPLES, GLOBEX_EXAMPLES, Document
from testing.worlds.contract_credit import named

HOLDER, USER = "holder@example.org", "user@example.org"
"""Whose license is assigned, and whose is activated."""
_ACTOR = Actor("test")


def with_plans(manifest: Document) -> Document:
    enterprises = [
        enterprise | {"subscription_plans": [_plan(UUID(enterprise["uuid"]))]}
        for enterprise in manifest["enterprises"]
    ]
    return manifest | {"enterprises": enterprises}


def _plan(enterprise: UUID) -> Document:
    return {
        "uuid": str(named(enterprise, "plan")),
        "title": "Plan",
        "start_date": "2020-01-01T00:00:00Z",
        "expiration_date": "2090-01-01T00:00:00Z",
        "enterprise_catalog_uuid": str(EXAMPLES if enterprise == ACME else GLOBEX_EXAMPLES),
    }


def hand_out(session: Session, enterprise: UUID) -> None:
    license_uuid = _give(session, enterprise, USER)
    service.activate_several(session, _ACTOR, ActivateLicenses(enterprise, [license_uuid]))
    _give(session, enterprise, HOLDER)


def _give(session: Session, enterprise: UUID, email: str) -> UUID:
    """A new license, under a known name."""
    plan, uuid, now = (
        named(enterprise, "plan"),
        named(enterprise, f"license of {email}"),
        clock.now(),
    )
    row = dict.fromkeys(License.__table__.c.keys()) | {
        "uuid": uuid,
        "enterprise_uuid": enterprise,
        "plan_uuid": plan,
        "status": LicenseStatus.UNASSIGNED.value,
        "is_ending": False,
        "created_at": now,
        "modified_at": now,
    }
    bulk_insert(session, License, [row])
    change_counts(session, {plan: CountsDelta(unassigned=1)})
    service.assign(
        session, _ACTOR, AssignLicenses(enterprise, plan, {email: None}, notify=False), at=now
    )
    return uuid
