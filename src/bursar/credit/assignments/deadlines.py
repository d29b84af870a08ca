"""The stored deadlines of assignments, brought up to what subsidies and content say now.

They are stored so that a list and the task that expires assignments need not look up content.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias
from uuid import UUID

from sqlalchemy import Select, bindparam, select, update
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.batches import batched
from bursar.catalog.offers.service import Offer, find_offers
from bursar.credit.assignments.rules import ENROLLMENT_DATE_PASSED, Deadline, earliest_expiration
from bursar.credit.models import Assignment, AssignmentConfiguration, Policy, Subsidy
from bursar.credit.policies.events import SubsidyChanged
from bursar.credit.states import AssignmentState
from bursar.database.bulk import is_any_of

_AT_ONCE: Final = 10_000


@dataclass(frozen=True, slots=True)
class _Alike:
    """What assignments of one policy share that were allocated together."""

    content_key: str
    allocated_at: datetime
    stored: Deadline


_Change: TypeAlias = tuple[str, Deadline, Deadline]
"""Content, the deadline before and after."""


def of_changed_subsidies(
    session: Session, _actor: Actor, events: Sequence[SubsidyChanged], at: datetime
) -> None:
    """Refreshes the deadlines that depend on the end of a subsidy, when that has changed.

    Whoever declares a subsidy holds every policy of its enterprise.
    """
    moved = [event.data.uuid for event in events if "expiration_datetime" in event.changes]
    for subsidy_uuid in moved:
        policies = session.execute(
            select(Policy.enterprise_uuid, Policy.uuid).where(Policy.subsidy_uuid == subsidy_uuid)
        ).all()
        for enterprise_uuid, policy_uuid in policies:
            refresh_deadlines(session, enterprise_uuid, policy_uuid, at)


def refresh_deadlines(
    session: Session, enterprise_uuid: UUID, policy_uuid: UUID, now: datetime
) -> int:
    """The allocated assignments of a policy, whose lock the caller holds.

    Returns how many changed; only those are written. Costs a statement for every content and
    deadline that changes, not for every assignment.
    """
    session.flush()
    values = {"policy_uuid": policy_uuid, "enterprise_uuid": enterprise_uuid}
    policy = session.execute(_POLICY, values).one_or_none()
    if policy is None:
        return 0
    rows = session.execute(_ALIKE, {"configuration_uuid": policy.configuration_uuid})
    alike = [_Alike(row[0], row[1], Deadline(row[2], row[3])) for row in rows]
    contents = dict.fromkeys((policy.catalog_uuid, one.content_key) for one in alike)
    offers = find_offers(session, list(contents), now)
    changes = defaultdict[_Change, list[datetime]](list)
    for one in alike:
        offer = offers.get((policy.catalog_uuid, one.content_key))
        end = enrollment_deadline(offer, policy.late_redemption_allowed_until, one.stored)
        new = earliest_expiration(one.allocated_at, policy.expiration_datetime, end)
        if new != one.stored:
            changes[one.content_key, one.stored, new].append(one.allocated_at)
    return sum(
        _write(session, policy.configuration_uuid, change, allocated_at, now)
        for change, allocated_at in changes.items()
    )


def enrollment_deadline(
    offer: Offer | None, late_until: datetime | None, stored: Deadline | None = None
) -> datetime | None:
    """Until when learners can enroll, if there is an end to it.

    `late_until` is until when the policy allows late redemption, which opens the deadline as long
    as the run has not ended. Content that does not say any more until when learners could enroll
    leaves the `stored` deadline as it is.
    """
    end = None if offer is None else offer.enrollment_end
    if offer is None or (end is None and offer.run_key is None):
        end = None if offer is None else offer.closed_since
        if end is None and stored is not None and stored.reason == ENROLLMENT_DATE_PASSED:
            return stored.at
    if end is None or late_until is None or offer is None or offer.late_run_key is None:
        return end
    return max(end, min(late_until, offer.late_end or late_until))


def is_closed(offer: Offer, late_until: datetime | None, at: datetime) -> bool:
    """Whether the enrollment deadline has passed, and late redemption does not open it."""
    return offer.closed_since is not None and run_open_to(offer, late_until, at) is None


def run_open_to(offer: Offer, late_until: datetime | None, at: datetime) -> str | None:
    """The run that a learner would be enrolled in now, late or not; None when there is none."""
    is_late_allowed = late_until is not None and at < late_until
    if offer.closed_since is not None:
        return offer.late_run_key if is_late_allowed else None
    return offer.run_key


def _policy_statement() -> Select[UUID, datetime | None, datetime, UUID]:
    return (
        select(
            Policy.catalog_uuid,
            Policy.late_redemption_allowed_until,
            Subsidy.expiration_datetime,
            AssignmentConfiguration.uuid.label("configuration_uuid"),
        )
        .join(Subsidy, Subsidy.uuid == Policy.subsidy_uuid)
        .join(AssignmentConfiguration, AssignmentConfiguration.policy_uuid == Policy.uuid)
        .where(
            Policy.uuid == bindparam("policy_uuid"),
            Policy.enterprise_uuid == bindparam("enterprise_uuid"),
        )
    )


_POLICY: Final = _policy_statement()
_GROUP: Final = (
    Assignment.content_key,
    Assignment.allocated_at,
    Assignment.expires_at,
    Assignment.expiry_reason,
)
_ALIKE: Final = (
    select(*_GROUP)
    .where(
        Assignment.configuration_uuid == bindparam("configuration_uuid"),
        Assignment.state == AssignmentState.ALLOCATED.value,
    )
    .group_by(*_GROUP)
)


def _write(
    session: Session,
    configuration_uuid: UUID,
    change: _Change,
    allocated_at: list[datetime],
    now: datetime,
) -> int:
    content_key, before, after = change
    statement = (
        update(Assignment)
        .where(
            Assignment.configuration_uuid == configuration_uuid,
            Assignment.content_key == content_key,
            Assignment.state == AssignmentState.ALLOCATED.value,
            Assignment.expires_at == before.at,
            Assignment.expiry_reason == before.reason,
        )
        .values(expires_at=after.at, expiry_reason=after.reason, modified_at=now)
    )
    connection, written = session.connection(), 0
    for batch in batched(allocated_at, _AT_ONCE):
        together = is_any_of(session, Assignment.allocated_at, batch)
        written += connection.execute(statement.where(together)).rowcount
    return written
