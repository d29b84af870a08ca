"""An assignment as a claim."""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.claims.refusals import UnknownClaim
from bursar.claims.tokens import Claim, ClaimKind
from bursar.claims.views import ClaimState, ClaimView, Obstacle
from bursar.credit.assignments import service as assignments
from bursar.credit.assignments.service import ClaimedAssignment
from bursar.credit.redemption import refusals
from bursar.credit.redemption import service as redemption
from bursar.credit.redemption.commands import Asking, RedeemCourse
from bursar.credit.refusals import (
    BudgetRefused,
    ContentNotInCatalog,
    EnrollmentDeadlinePassed,
    PolicyNotActive,
    SubsidyNotActive,
)
from bursar.credit.states import AssignmentState
from bursar.emails import is_tombstone

_OVER: Final = {
    AssignmentState.CANCELLED: Obstacle.WITHDRAWN,
    AssignmentState.REVERSED: Obstacle.WITHDRAWN,
    AssignmentState.EXPIRED: Obstacle.EXPIRED,
    AssignmentState.ERRORED: Obstacle.FAILED,
}
_OBSTACLES: Final[dict[type[BudgetRefused], Obstacle]] = {
    PolicyNotActive: Obstacle.BUDGET_CLOSED,
    ContentNotInCatalog: Obstacle.COURSE_GONE,
    EnrollmentDeadlinePassed: Obstacle.COURSE_CLOSED,
    refusals.AssignmentPastDeadline: Obstacle.EXPIRED,
    refusals.AlreadyEnrolled: Obstacle.ENROLLED_OTHERWISE,
}


def look(connection: Connection, claim: Claim, at: datetime) -> ClaimView:
    """Without the enterprise's name. Raises UnknownClaim."""
    found = _find(connection, claim)
    if settled := _settled(connection, found, claim):
        return settled
    refused = redemption.why_refused(connection, _asking(found), found.policy_uuid, at=at)
    if refused is None:
        return _seen(found, ClaimState.OFFERED)
    # Another device may have taken it between the statements, and then that is the refusal.
    by_now = _settled(connection, _find(connection, claim), claim)
    return by_now or _seen(found, ClaimState.REFUSED, _obstacle_of(refused, found, at))


def accept(session: Session, actor: Actor, claim: Claim, at: datetime) -> None:
    """Redeems it. What is refused is left as it is, for `look` to tell."""
    found = _find(session.connection(), claim)
    command = RedeemCourse(
        found.enterprise_uuid, found.policy_uuid, found.content_key, found.learner_email
    )
    try:
        with session.begin_nested():
            redemption.redeem(session, actor, command, at=at)
    except BudgetRefused:
        return


def _settled(connection: Connection, found: ClaimedAssignment, claim: Claim) -> ClaimView | None:
    """What is so whatever the budget's rules say; None for what is still to be taken."""
    if found.state is AssignmentState.ACCEPTED:
        return _seen(found, ClaimState.DONE, run_key=_run_of(connection, found))
    if over := _why_over(found, claim):
        return _seen(found, ClaimState.OVER, over)
    if found.is_redeeming:
        return _seen(found, ClaimState.UNDER_WAY, run_key=_run_of(connection, found))
    return None


def _find(connection: Connection, claim: Claim) -> ClaimedAssignment:
    found = assignments.find_claimed(connection, claim.subject_uuid)
    if found is None or is_tombstone(found.learner_email):
        raise UnknownClaim
    return found


def _why_over(found: ClaimedAssignment, claim: Claim) -> Obstacle | None:
    # Tokens know the second only.
    if claim.issued_at < found.allocated_at.replace(microsecond=0):
        return Obstacle.RENEWED
    return _OVER.get(found.state)


def _obstacle_of(refused: BudgetRefused, found: ClaimedAssignment, at: datetime) -> Obstacle:
    if isinstance(refused, SubsidyNotActive):
        has_ended = found.budget_ends_at <= at
        return Obstacle.BUDGET_ENDED if has_ended else Obstacle.BUDGET_NOT_STARTED
    return _OBSTACLES.get(type(refused), Obstacle.BUDGET_CLOSED)


def _asking(found: ClaimedAssignment) -> Asking:
    return Asking(found.enterprise_uuid, [found.content_key], found.learner_email)


def _run_of(connection: Connection, found: ClaimedAssignment) -> str | None:
    assert found.transaction_uuid is not None  # noqa: S101 - a redemption has one
    with Session(connection) as session:
        transaction = redemption.get_transaction(
            session, found.enterprise_uuid, found.transaction_uuid
        )
    return transaction.courserun_key


def _seen(
    found: ClaimedAssignment,
    state: ClaimState,
    obstacle: Obstacle | None = None,
    *,
    run_key: str | None = None,
) -> ClaimView:
    ends = found.budget_ends_at if obstacle is Obstacle.BUDGET_ENDED else found.expires_at
    return ClaimView(
        kind=ClaimKind.ASSIGNMENT,
        enterprise_uuid=found.enterprise_uuid,
        email=found.learner_email,
        enterprise_name="",
        contact=None,
        title=found.content_title or found.content_key,
        until=found.expires_at,
        state=state,
        obstacle=obstacle,
        obstacle_at=ends,
        run_key=run_key,
    )
