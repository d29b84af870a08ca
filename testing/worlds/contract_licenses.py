"""Subscriptions of the two enterprises: a plan of two licences, of which one is activated."""

from uuid import UUID

from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.database.bulk import bulk_insert
from bursar.subscriptions.licenses.activation import activate
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.seats import licenses
from bursar.subscriptions.licenses.service import Wish
from bursar.subscriptions.licenses.service import assign as assign_licenses
from bursar.subscriptions.licenses.states import LicenseStatus
from bursar.subscriptions.plans.locking import Movement, move
from testing.worlds.contract import ACME, EXAMPLES, GLOBEX_EXAMPLES, Document
from testing.worlds.contract_credit import named

HOLDER, USER = "holder@example.org", "user@example.org"
"""Whose licence is assigned, and whose is activated."""
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
    activate(session, _ACTOR, enterprise, [license_uuid], clock.now())
    _give(session, enterprise, HOLDER)


def _give(session: Session, enterprise: UUID, email: str) -> UUID:
    """A new licence, under a known name."""
    plan, uuid, now = (
        named(enterprise, "plan"),
        named(enterprise, f"license of {email}"),
        clock.now(),
    )
    row = dict.fromkeys(licenses.keys()) | {
        "uuid": uuid,
        "enterprise_uuid": enterprise,
        "plan_uuid": plan,
        "status": LicenseStatus.UNASSIGNED.value,
        "is_ending": False,
        "created_at": now,
        "modified_at": now,
    }
    bulk_insert(session, License, [row])
    move(session, {plan: Movement(unassigned=1)})
    wish = Wish({email: None}, notify=False)
    assign_licenses(session, _ACTOR, enterprise_uuid=enterprise, plan_uuid=plan, wish=wish, now=now)
    return uuid
