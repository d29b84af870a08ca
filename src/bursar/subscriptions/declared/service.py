"""What an operator declares of subscriptions. Everything expects the caller's transaction."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.audit.service import Change, record
from bursar.catalog.catalogs.models import Catalog
from bursar.subscriptions.declared.renewals import Problem, put_renewal, renewal_problems
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.seats import IS_UNASSIGNED, add_unassigned, licenses
from bursar.subscriptions.licenses.states import LicenseStatus
from bursar.subscriptions.plans.creation import DEFAULTS, FIELDS, REQUIRED, new_plan
from bursar.subscriptions.plans.locking import Movement, lock_plans, move
from bursar.subscriptions.plans.models import PlanRenewal, SubscriptionPlan

Outcome = Literal["created", "changed", "unchanged"]
_SIZE: Final = "num_licenses"
_RENEWALS: Final = "renewals"


class Refused(Exception):
    """What is declared cannot be; nothing was changed for it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{field}: {why}" for field, why in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class PlanRecord:
    plan: SubscriptionPlan
    renewal: PlanRenewal | None

    @property
    def num_licenses(self) -> int:
        return _size(self.plan)


def list_plans(session: Session, enterprise_uuid: UUID) -> list[PlanRecord]:
    """Oldest first."""
    rows = session.execute(
        select(SubscriptionPlan, PlanRenewal)
        .outerjoin(PlanRenewal, PlanRenewal.plan_uuid == SubscriptionPlan.uuid)
        .where(SubscriptionPlan.enterprise_uuid == enterprise_uuid)
        .order_by(SubscriptionPlan.created_at, SubscriptionPlan.uuid)
    )
    return [PlanRecord(plan, renewal) for plan, renewal in rows]


def put_plan(
    session: Session,
    actor: Actor,
    *,
    uuid: UUID,
    enterprise_uuid: UUID,
    fields: Mapping[str, Any],
    now: datetime,
) -> Outcome:
    """Creates or changes a plan, the number of its licences and its renewal; absent fields stay.

    `renewals` are mappings with the keys of the manifest. Raises Refused.
    """
    lock_plans(session, [uuid])
    stored = session.get(SubscriptionPlan, uuid, populate_existing=True)
    problems = [
        *_problems(session, stored, enterprise_uuid, fields),
        *renewal_problems(session, uuid, enterprise_uuid, fields.get(_RENEWALS) or ()),
    ]
    if problems:
        raise Refused(problems)
    plan = stored or new_plan(uuid, enterprise_uuid, fields, now)
    changed = sorted(fields) if stored is None else _set_fields(session, plan, fields, now)
    session.add(plan)
    session.flush()
    if _resize(session, plan, fields, now):
        changed.append(_SIZE)
    renewals = fields.get(_RENEWALS) or ()
    if any(put_renewal(session, plan, renewal, now) for renewal in renewals):
        changed.append(_RENEWALS)
    outcome: Outcome = "created" if stored is None else "changed" if changed else "unchanged"
    if outcome != "unchanged":
        plan.modified_at = now
        _audit(session, actor, plan, outcome, changed)
    session.flush()
    return outcome


def _audit(
    session: Session, actor: Actor, plan: SubscriptionPlan, outcome: Outcome, changed: list[str]
) -> None:
    change = Change(
        f"plan.{outcome}",
        "subscription_plan",
        str(plan.uuid),
        plan.enterprise_uuid,
        {"fields": sorted(set(changed))},
    )
    record(session, actor, [change])


def _problems(
    session: Session,
    stored: SubscriptionPlan | None,
    enterprise_uuid: UUID,
    fields: Mapping[str, Any],
) -> Iterator[Problem]:
    if stored is not None and stored.enterprise_uuid != enterprise_uuid:
        yield "uuid", "belongs to another enterprise"
        return
    for name in REQUIRED:
        if fields.get(name) is None and (stored is None or name in fields):
            yield name, "required"
    yield from _date_problems(stored, fields)
    if catalog_uuid := fields.get("enterprise_catalog_uuid"):
        catalog = session.get(Catalog, catalog_uuid)
        if catalog is None or catalog.enterprise_uuid != enterprise_uuid:
            yield "enterprise_catalog_uuid", "no such catalog"
    wanted = fields.get(_SIZE)
    if stored is not None and wanted is not None:
        in_use = stored.assigned_count + stored.activated_count
        if wanted < in_use:
            yield _SIZE, f"{in_use} licenses are in use"


def _date_problems(stored: SubscriptionPlan | None, fields: Mapping[str, Any]) -> Iterator[Problem]:
    start = fields.get("start_date") or (stored and stored.start_date)
    end = fields.get("expiration_date") or (stored and stored.expiration_date)
    if start and end and end <= start:
        yield "expiration_date", "must be later than start_date"


def _set_fields(
    session: Session, plan: SubscriptionPlan, fields: Mapping[str, Any], now: datetime
) -> list[str]:
    """The names of those that had another value; a null sets the default again."""
    wanted = {
        name: DEFAULTS[name] if fields[name] is None else fields[name]
        for name in FIELDS
        if name in fields
    }
    changed = [name for name, value in wanted.items() if getattr(plan, name) != value]
    for name in changed:
        setattr(plan, name, wanted[name])
    if plan.wound_up_at is not None and plan.expiration_date > now:
        _take_up_again(session, plan)
    return changed


def _take_up_again(session: Session, plan: SubscriptionPlan) -> None:
    """Enrolments that have ended stay ended; the others go on."""
    plan.wound_up_at = None
    session.connection().execute(
        update(License)
        .where(licenses.plan_uuid == plan.uuid, licenses.status == LicenseStatus.ACTIVATED)
        .values(is_ending=False)
    )


def _size(plan: SubscriptionPlan) -> int:
    return plan.unassigned_count + plan.assigned_count + plan.activated_count


def _resize(
    session: Session, plan: SubscriptionPlan, fields: Mapping[str, Any], now: datetime
) -> bool:
    wanted = fields.get(_SIZE)
    difference = 0 if wanted is None else wanted - _size(plan)
    if difference > 0:
        add_unassigned(session, plan.enterprise_uuid, plan.uuid, difference, now)
    elif difference < 0:
        surplus = select(licenses.uuid).where(licenses.plan_uuid == plan.uuid, IS_UNASSIGNED)
        session.connection().execute(
            delete(License).where(licenses.uuid.in_(surplus.limit(-difference)))
        )
    if difference:
        move(session, {plan.uuid: Movement(unassigned=difference)})
        session.refresh(plan)
    return bool(difference)
