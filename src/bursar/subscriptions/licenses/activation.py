"""Activation: a learner's first use of a licence, and which licences can be used."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.audit.service import Change, record
from bursar.batches import batched
from bursar.database.bulk import is_any_of
from bursar.database.types import AnyRow
from bursar.subscriptions.licenses.events import Activated, tell_activated
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.refusals import NotActivatable, PlanUnusable
from bursar.subscriptions.licenses.seats import IS_LIVE, licenses
from bursar.subscriptions.licenses.states import LicenseStatus
from bursar.subscriptions.plans.locking import Movement, lock_plan, lock_plans, move
from bursar.subscriptions.plans.models import SubscriptionPlan
from bursar.subscriptions.plans.rules import refusal_of_use

BATCH: Final = 10_000


def activate(
    session: Session,
    actor: Actor,
    enterprise_uuid: UUID,
    license_uuids: Sequence[UUID],
    now: datetime,
) -> list[Activated]:
    """Those that were assigned, of whichever plans; others stay as they are. At most 10,000.

    Whether the plans can be used now is for the caller to ask.
    """
    mine = (licenses.enterprise_uuid == enterprise_uuid) & is_any_of(
        session, License.uuid, license_uuids
    )
    plans = session.execute(select(licenses.plan_uuid).where(mine).distinct()).scalars().all()
    lock_plans(session, plans)
    rows = session.connection().execute(
        update(License)
        .where(mine, licenses.status == LicenseStatus.ASSIGNED)
        .values(status=LicenseStatus.ACTIVATED.value, activated_at=now, modified_at=now)
        .returning(licenses.uuid, licenses.plan_uuid, licenses.user_email)
    )
    activated = [
        Activated(enterprise_uuid, row.plan_uuid, row.uuid, row.user_email) for row in rows
    ]
    if activated:
        _enter_activations(session, actor, activated, now)
    return activated


def _enter_activations(
    session: Session, actor: Actor, activated: Sequence[Activated], now: datetime
) -> None:
    changes = [
        Change(
            "license.activated",
            "license",
            str(each.license_uuid),
            each.enterprise_uuid,
            {"plan_uuid": str(each.plan_uuid)},
        )
        for each in activated
    ]
    record(session, actor, changes)
    numbers = Counter(each.plan_uuid for each in activated)
    movements = {
        plan_uuid: Movement(assigned=-number, activated=number)
        for plan_uuid, number in numbers.items()
    }
    move(session, movements)
    tell_activated(session, activated, now)


@dataclass(frozen=True, slots=True)
class UsableLicense:
    """A live licence of a plan that can be used now."""

    license_uuid: UUID
    plan_uuid: UUID
    catalog_uuid: UUID
    is_activated: bool
    lms_user_id: int | None


def usable_licenses(
    session: Session, enterprise_uuid: UUID, emails: Sequence[str], now: datetime
) -> dict[str, list[UsableLicense]]:
    """By e-mail, the plan that expires last first. One statement for 10,000 e-mails."""
    found: defaultdict[str, list[UsableLicense]] = defaultdict(list)
    plan = SubscriptionPlan.__table__.c
    for batch in batched(emails, BATCH):
        rows = session.execute(
            select(*licenses, plan.enterprise_catalog_uuid)
            .join_from(
                License.__table__, SubscriptionPlan.__table__, plan.uuid == licenses.plan_uuid
            )
            .where(
                licenses.enterprise_uuid == enterprise_uuid,
                is_any_of(session, License.user_email, batch),
                IS_LIVE,
                plan.is_active,
                plan.start_date <= now,
                plan.expiration_date > now,
            )
            .order_by(plan.expiration_date.desc(), plan.uuid)
        )
        for row in rows:
            found[row.user_email].append(
                UsableLicense(
                    row.uuid,
                    row.plan_uuid,
                    row.enterprise_catalog_uuid,
                    row.status == LicenseStatus.ACTIVATED,
                    row.lms_user_id,
                )
            )
    return dict(found)


def activate_one(
    session: Session,
    actor: Actor,
    *,
    enterprise_uuid: UUID,
    plan_uuid: UUID,
    license_uuid: UUID,
    now: datetime,
) -> AnyRow:
    """The licence, activated now or before. Raises NotActivatable and PlanUnusable."""
    plan = lock_plan(session, enterprise_uuid, plan_uuid)
    statement = select(*licenses).where(
        licenses.uuid == license_uuid, licenses.plan_uuid == plan_uuid
    )
    row = session.connection().execute(statement).one()
    if row.status == LicenseStatus.ACTIVATED:
        return row
    if row.status != LicenseStatus.ASSIGNED:
        raise NotActivatable(row.status)
    if refusal := refusal_of_use(plan.terms, now):
        raise PlanUnusable(refusal)
    activate(session, actor, enterprise_uuid, [license_uuid], now)
    return session.connection().execute(statement).one()
