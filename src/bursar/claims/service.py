"""The front door of claims: what a learner was given, seen and taken by whoever has the link.

A token is good for one thing of one learner, and what became of the thing decides whether it still
is: nothing needs to be noted when an assignment is cancelled or a license revoked. Looking changes
nothing, because programs that scan mail open every link.

Changes expect the caller's transaction. `at` is the instant of the change; None is now.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.claims import assignments, enrollments, licenses
from bursar.claims.looks import look_of
from bursar.claims.refusals import ClaimRefused, UnknownClaim
from bursar.claims.tokens import Claim, ClaimKind
from bursar.claims.views import ClaimState, ClaimView, Obstacle
from bursar.claims.waits import forget, waits
from bursar.identity.service import get_enterprise
from bursar.learners.commands import DeclaredLearner
from bursar.learners.service import find_learner, put_learners

__all__ = [
    "ClaimRefused",
    "ClaimView",
    "UnknownClaim",
    "accept",
    "choose",
    "look",
    "search",
    "share_progress",
]


_LOOKS: Final = {
    ClaimKind.ASSIGNMENT: assignments.look,
    ClaimKind.LICENSE: licenses.look,
    ClaimKind.ENROLLMENT: enrollments.look,
}


def look(connection: Connection, claim: Claim, *, at: datetime | None = None) -> ClaimView:
    """What there is to see. Raises UnknownClaim."""
    at = at or clock.now()
    seen = _LOOKS[claim.kind](connection, claim, at)
    uuid = seen.enterprise_uuid
    with Session(connection) as session:
        enterprise = get_enterprise(session, uuid)
        learner = find_learner(session, uuid, email=seen.email)
    if enterprise.suspended_at is not None and seen.state is not ClaimState.OVER:
        seen = replace(seen, state=ClaimState.REFUSED, obstacle=Obstacle.PAUSED)
    wishes = look_of(connection, uuid)
    is_waiting = waits(connection, claim.subject_uuid)
    if is_waiting and seen.state is ClaimState.OFFERED and claim.kind is ClaimKind.ASSIGNMENT:
        seen = replace(seen, state=ClaimState.WAITING)
    consents = learner is not None and learner.consent
    return replace(
        seen,
        enterprise_name=enterprise.name,
        contact=enterprise.contact_email,
        look=wishes,
        is_waiting=is_waiting,
        consents=consents if wishes.ask_consent and seen.state is not ClaimState.OVER else None,
    )


def search(
    connection: Connection, claim: Claim, text: str, *, at: datetime | None = None
) -> ClaimView:
    """As `look`, with open courses that can be taken with the license. Raises UnknownClaim."""
    at = at or clock.now()
    seen = look(connection, claim, at=at)
    if claim.kind is not ClaimKind.LICENSE or seen.state is not ClaimState.DONE:
        return seen
    return replace(seen, courses=licenses.search(connection, claim, text, at))


def accept(
    session: Session, actor: Actor, claim: Claim, *, at: datetime | None = None
) -> ClaimView:
    """Takes what is offered: activates the license, or redeems the assignment. What was taken
    before stays as it is. Raises UnknownClaim, and ClaimRefused when nothing can be taken now.

    Of two who come at the same time, the second finds what the first has done.
    """
    at = at or clock.now()
    seen = look(session.connection(), claim, at=at)
    if not seen.is_takeable or claim.kind is ClaimKind.ENROLLMENT:
        return _as_it_is(seen)
    of_kind = assignments.accept if claim.kind is ClaimKind.ASSIGNMENT else licenses.accept
    of_kind(session, actor, claim, at)
    if claim.kind is ClaimKind.ASSIGNMENT:
        forget(session, claim.subject_uuid, "")
    return _as_it_is(look(session.connection(), claim, at=at))


def choose(
    session: Session,
    actor: Actor,
    claim: Claim,
    course_key: str,
    *,
    has_lms: bool,
    at: datetime | None = None,
) -> str:
    """Has the learner enrolled, with the license, in the run of a course that is open now, and
    returns the key of the run. A job does it. However often this is repeated, there is one seat.

    Raises UnknownClaim, and ClaimRefused when the license or the course is not to be had.
    """
    at = at or clock.now()
    if claim.kind is not ClaimKind.LICENSE:
        raise UnknownClaim
    accept(session, actor, claim, at=at)
    run_key = licenses.choose(session, actor, claim, course_key, has_lms=has_lms, at=at)
    forget(session, claim.subject_uuid, course_key)
    return run_key


def share_progress(
    session: Session, actor: Actor, claim: Claim, *, is_shared: bool, at: datetime | None = None
) -> None:
    """The learner gives the consent to share progress, or takes it back. Raises UnknownClaim, and
    ClaimRefused where nobody asks for it."""
    at = at or clock.now()
    seen = look(session.connection(), claim, at=at)
    if seen.consents is None:
        raise ClaimRefused("nobody asks for the consent")
    declared = DeclaredLearner(email=seen.email, consent=is_shared)
    put_learners(session, actor, seen.enterprise_uuid, [declared], at=at)


def _as_it_is(seen: ClaimView) -> ClaimView:
    if seen.state in {ClaimState.UNDER_WAY, ClaimState.DONE, ClaimState.WAITING}:
        return seen
    raise ClaimRefused(str(seen.obstacle))
