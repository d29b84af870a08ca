"""Which plans of an enterprise can be used."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from bursar.subscriptions.plans.models import SubscriptionPlan
from bursar.subscriptions.plans.refusals import Unusable
from bursar.subscriptions.plans.rules import Terms, why_unusable

_plans: Final = SubscriptionPlan.__table__.c
_OF_ENTERPRISE: Final = (
    select(
        _plans.uuid,
        _plans.title,
        _plans.enterprise_catalog_uuid,
        _plans.is_active,
        _plans.start_date,
        _plans.expiration_date,
    )
    .where(_plans.enterprise_uuid == bindparam("enterprise_uuid"))
    .order_by(_plans.start_date.desc(), _plans.created_at.desc(), _plans.uuid)
)


@dataclass(frozen=True, slots=True)
class PlanUse:
    uuid: UUID
    title: str
    catalog_uuid: UUID
    starts_at: datetime
    expires_at: datetime
    unusable: Unusable | None
    """None when licenses of the plan can be used now."""


def plan_uses(connection: Connection, enterprise_uuid: UUID, at: datetime) -> list[PlanUse]:
    """Of every plan, the latest start first. One statement."""
    rows = connection.execute(_OF_ENTERPRISE, {"enterprise_uuid": enterprise_uuid})
    return [
        PlanUse(
            row.uuid,
            row.title,
            row.enterprise_catalog_uuid,
            row.start_date,
            row.expiration_date,
            why_unusable(Terms(row.is_active, row.start_date, row.expiration_date), at),
        )
        for row in rows
    ]
