"""A direct enrollment as a claim: nothing is left to take, but there is a course to go on to."""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from bursar.claims.refusals import UnknownClaim
from bursar.claims.tokens import Claim, ClaimKind
from bursar.claims.views import ClaimState, ClaimView, Obstacle
from bursar.emails import is_tombstone
from bursar.enrollment.direct.claimed import ClaimedEnrollment, find_claimed
from bursar.enrollment.direct.commands import WishState

_STATES: Final = {
    WishState.QUEUED: ClaimState.UNDER_WAY,
    WishState.WAITING: ClaimState.WAITING,
    WishState.DONE: ClaimState.DONE,
    WishState.FAILED: ClaimState.OVER,
}


def look(connection: Connection, claim: Claim, _at: datetime) -> ClaimView:
    """Without the enterprise's name. Raises UnknownClaim."""
    found = find_claimed(connection, claim.subject_uuid)
    if found is None or is_tombstone(found.learner_email):
        raise UnknownClaim
    if not found.is_active:
        return _seen(found, ClaimState.OVER, Obstacle.WITHDRAWN)
    state = _STATES[found.state]
    return _seen(found, state, Obstacle.FAILED if state is ClaimState.OVER else None)


def _seen(found: ClaimedEnrollment, state: ClaimState, obstacle: Obstacle | None) -> ClaimView:
    return ClaimView(
        kind=ClaimKind.ENROLLMENT,
        enterprise_uuid=found.enterprise_uuid,
        email=found.learner_email,
        enterprise_name="",
        contact=None,
        title=found.title or found.courserun_key,
        until=found.modified_at,
        state=state,
        obstacle=obstacle,
        run_key=found.courserun_key,
    )
