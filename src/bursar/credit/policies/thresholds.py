"""Tells when a policy has spent most of its limit. The caller holds the policy."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.credit.ledger.service import BudgetDelta, LockedBudget
from bursar.credit.policies.events import PolicyThresholdReached
from bursar.credit.policies.queries import find_summary
from bursar.credit.policies.views import with_threshold
from bursar.events.service import publish
from bursar.events.told import Mark, mark_told

THRESHOLDS: Final = (80, 90, 100)
"""Per cent of the limit, spent or allocated."""


def tell_spent(
    session: Session, actor: Actor, budget: LockedBudget, delta: BudgetDelta, at: datetime
) -> None:
    """After a change of the budget was posted. It asks the database only when one is crossed."""
    money = budget.money
    before = money.redeemed + money.allocated
    now = reached(money.spend_limit, before + delta.redeemed + delta.allocated)
    crossed = [each for each in now if each not in reached(money.spend_limit, before)]
    if crossed and money.spend_limit is not None:
        tell_reached(
            session,
            actor,
            (budget.enterprise_uuid, budget.policy_uuid),
            dict.fromkeys(crossed, money.spend_limit),
            at,
        )


def reached(limit: int | None, spent: int) -> list[int]:
    """The thresholds that so many cents reach. Without a limit, or with none to spend, none."""
    if not limit:
        return []
    return [each for each in THRESHOLDS if spent * 100 >= each * limit]


def tell_reached(
    session: Session,
    actor: Actor,
    policy: tuple[UUID, UUID],
    limits: dict[int, int],
    at: datetime,
) -> None:
    """Given the uuids of enterprise and policy, and the limit by threshold. Each is told once for
    one limit, however often what is spent goes down and up again."""
    enterprise_uuid, policy_uuid = policy
    marks = {
        Mark(enterprise_uuid, policy_uuid, f"{percent}% of {limit}"): percent
        for percent, limit in limits.items()
    }
    first = mark_told(session, PolicyThresholdReached.type, list(marks), at)
    if not first:
        return
    summary = find_summary(session.connection(), policy_uuid, at)
    told = [
        PolicyThresholdReached(
            object_id=policy_uuid,
            enterprise_uuid=enterprise_uuid,
            data=with_threshold(summary, percent),
        )
        for mark, percent in marks.items()
        if mark in first
    ]
    publish(session, actor, told, at=at)
