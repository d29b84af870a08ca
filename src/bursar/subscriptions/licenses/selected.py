"""Changes of all licenses that the filters of a list select: at once, or as a bulk change."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.bulk_changes.commands import (
    MOST_AT_ONCE,
    Apply,
    Batch,
    Change,
    ChangeRefused,
    RequestChange,
    SelectedChange,
)
from bursar.bulk_changes.service import request_change
from bursar.subscriptions.licenses import queries
from bursar.subscriptions.licenses.commands import (
    RemindSelected,
    RevokeSelected,
)
from bursar.subscriptions.licenses.refusals import TooManyRevocations
from bursar.subscriptions.licenses.reminders import ASSIGNED, tell
from bursar.subscriptions.licenses.revocation import require_revocations, revoke_locked
from bursar.subscriptions.licenses.states import LIVE, LicenseStatus
from bursar.subscriptions.plans.locking import lock_plan

REVOKE: Final = "licenses.revoke"
REMIND: Final = "licenses.remind"


def revoke_selected(
    session: Session, actor: Actor, command: RevokeSelected, *, at: datetime | None = None
) -> SelectedChange:
    """Raises TooManyRevocations. What is selected now counts; of a bulk change, the rest may still
    be refused when others revoke licenses of the plan meanwhile."""
    at = at or clock.now()
    plan = lock_plan(session, command.enterprise_uuid, command.plan_uuid)
    rows = queries.selected_rows(
        session, plan.uuid, command.selection, LIVE, limit=MOST_AT_ONCE + 1
    )
    if len(rows) <= MOST_AT_ONCE:
        return SelectedChange(revoke_locked(session, actor, plan, rows, at))
    counts = queries.count_by_status(session.connection(), plan.uuid, command.selection)
    require_revocations(plan, counts[LicenseStatus.ACTIVATED])
    total = sum(counts[status] for status in LIVE)
    return _request(session, actor, REVOKE, command, total, at=at)


def remind_selected(
    session: Session, actor: Actor, command: RemindSelected, *, at: datetime | None = None
) -> SelectedChange:
    at = at or clock.now()
    plan = lock_plan(session, command.enterprise_uuid, command.plan_uuid)
    rows = queries.selected_rows(
        session, plan.uuid, command.selection, ASSIGNED, limit=MOST_AT_ONCE + 1
    )
    if len(rows) <= MOST_AT_ONCE:
        return SelectedChange(tell(session, actor, plan, rows, at))
    counts = queries.count_by_status(session.connection(), plan.uuid, command.selection)
    total = sum(counts[status] for status in ASSIGNED)
    return _request(session, actor, REMIND, command, total, at=at)


def _request(
    session: Session,
    actor: Actor,
    kind: str,
    command: RevokeSelected | RemindSelected,
    total: int,
    *,
    at: datetime,
) -> SelectedChange:
    filters = msgspec.to_builtins(command.selection)
    change = RequestChange(command.enterprise_uuid, kind, command.plan_uuid, filters, total)
    return SelectedChange(total, request_change(session, actor, change, at))


def _revoke_next(session: Session, change: Change, at: datetime) -> Batch:
    plan = lock_plan(session, change.enterprise_uuid, change.subject_uuid)
    rows = queries.next_selected_rows(session, change, LIVE)
    try:
        number = revoke_locked(session, change.actor, plan, rows, at)
    except TooManyRevocations:
        raise ChangeRefused("No revocations remain in the plan for the rest.") from None
    return Batch(number, rows[-1].uuid if number == MOST_AT_ONCE else None)


def _remind_next(session: Session, change: Change, at: datetime) -> Batch:
    plan = lock_plan(session, change.enterprise_uuid, change.subject_uuid)
    rows = queries.next_selected_rows(session, change, ASSIGNED)
    number = tell(session, change.actor, plan, rows, at)
    return Batch(number, rows[-1].uuid if number == MOST_AT_ONCE else None)


KINDS: Final[Mapping[str, Apply]] = {REVOKE: _revoke_next, REMIND: _remind_next}
