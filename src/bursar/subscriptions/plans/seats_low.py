"""Tells when a plan has few licenses left."""

from dataclasses import fields, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.events.service import publish
from bursar.subscriptions.plans.events import PlanSeatsLow
from bursar.subscriptions.plans.locking import CountsDelta
from bursar.subscriptions.plans.models import SubscriptionPlan
from bursar.subscriptions.plans.rules import Seats, is_low
from bursar.subscriptions.plans.service import show_plan


def tell_if_low(
    session: Session, actor: Actor, plan_uuid: UUID, before: Seats, now: Seats, *, at: datetime
) -> None:
    """After the counts of a plan, which the caller holds, were changed. It asks the database only
    when the plan has come to be low by that."""
    if is_low(before) or not is_low(now):
        return
    item = show_plan(session.connection(), plan_uuid, at=at)
    event = PlanSeatsLow(
        object_id=plan_uuid, enterprise_uuid=item.enterprise_customer_uuid, data=item
    )
    publish(session, actor, [event], at=at)


def seats_after(seats: Seats, delta: CountsDelta) -> Seats:
    more = {each.name: getattr(delta, each.name) for each in fields(delta)}
    return replace(seats, **{name: getattr(seats, name) + more[name] for name in more})


def seats_of(plan: SubscriptionPlan) -> Seats:
    return Seats(
        plan.unassigned_count,
        plan.assigned_count,
        plan.activated_count,
        plan.revoked_count,
        plan.revoked_activated_count,
    )
