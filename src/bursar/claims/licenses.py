"""A license as a claim."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.catalog.listings.service import runs_held
from bursar.catalog.offers.searching import search_open_courses
from bursar.catalog.offers.service import find_offer
from bursar.claims.refusals import ClaimRefused, UnknownClaim
from bursar.claims.tokens import Claim, ClaimKind
from bursar.claims.views import ClaimState, ClaimView, Course, Obstacle
from bursar.emails import is_tombstone
from bursar.enrollment.bulk.commands import RequestBulkEnrollment
from bursar.enrollment.bulk.service import request_bulk_enrollment
from bursar.enrollment.service import find_payer, live_enrollments
from bursar.learners.service import lock_learners
from bursar.subscriptions.licenses import service as licenses
from bursar.subscriptions.licenses.commands import ActivateLicense
from bursar.subscriptions.licenses.refusals import LicenseRefused
from bursar.subscriptions.licenses.service import ClaimedLicense
from bursar.subscriptions.licenses.states import LicenseStatus
from bursar.subscriptions.plans.refusals import Unusable

MOST_COURSES: Final = 20
"""That a search shows."""
_OBSTACLES: Final = {
    Unusable.INACTIVE: Obstacle.PLAN_CLOSED,
    Unusable.NOT_STARTED: Obstacle.PLAN_NOT_STARTED,
    Unusable.EXPIRED: Obstacle.PLAN_ENDED,
}


def look(connection: Connection, claim: Claim, at: datetime) -> ClaimView:
    """Without the enterprise's name. Raises UnknownClaim."""
    found = _find(connection, claim)
    if found.status is LicenseStatus.REVOKED:
        return _seen(found, ClaimState.OVER, Obstacle.WITHDRAWN)
    unusable = found.why_unusable(at)
    if unusable is Unusable.EXPIRED:
        return _seen(found, ClaimState.OVER, Obstacle.PLAN_ENDED)
    if unusable is not None:
        return _seen(found, ClaimState.REFUSED, _OBSTACLES[unusable])
    if found.status is not LicenseStatus.ACTIVATED:
        return _seen(found, ClaimState.OFFERED)
    return replace(_seen(found, ClaimState.DONE), enrolled=_enrolled(connection, found))


def search(connection: Connection, claim: Claim, text: str, at: datetime) -> list[Course]:
    """Raises UnknownClaim."""
    found = _find(connection, claim)
    with Session(connection) as session:
        offers = search_open_courses(session, found.catalog_uuid, text, at, limit=MOST_COURSES)
    return [Course(offer.title or offer.key, offer.key) for offer in offers]


def accept(session: Session, actor: Actor, claim: Claim, at: datetime) -> None:
    """Activates it. What is refused is left as it is, for `look` to tell."""
    found = _find(session.connection(), claim)
    command = ActivateLicense(found.enterprise_uuid, found.plan_uuid, found.uuid)
    try:
        with session.begin_nested():
            licenses.activate(session, actor, command, at=at)
    except LicenseRefused:
        return


def choose(
    session: Session, actor: Actor, claim: Claim, course_key: str, *, has_lms: bool, at: datetime
) -> str:
    """The license is activated. Raises UnknownClaim and ClaimRefused."""
    found = _find(session.connection(), claim)
    # Whoever chooses the same course at once waits here, and then finds the seat or the job.
    learners = lock_learners(session, found.enterprise_uuid, [found.user_email], at)
    run_key = _open_run(session, found, course_key, at)
    if find_payer(session, learners[found.user_email], run_key) is not None:
        return run_key
    wanted = RequestBulkEnrollment(
        found.enterprise_uuid, [found.user_email], [run_key], notify=False
    )
    request_bulk_enrollment(session, actor, wanted, has_lms=has_lms, at=at)
    return run_key


def check_choice(session: Session, claim: Claim, course_key: str, at: datetime) -> None:
    """Raises UnknownClaim, and ClaimRefused when the course cannot be chosen now."""
    _open_run(session, _find(session.connection(), claim), course_key, at)


def _open_run(session: Session, found: ClaimedLicense, course_key: str, at: datetime) -> str:
    offer = find_offer(session, found.catalog_uuid, course_key, at)
    if offer is None or offer.run_key is None:
        raise ClaimRefused(str(Obstacle.COURSE_GONE if offer is None else Obstacle.COURSE_CLOSED))
    return offer.run_key


def _enrolled(connection: Connection, found: ClaimedLicense) -> list[Course]:
    with Session(connection) as session:
        seats = live_enrollments(session, found.enterprise_uuid, license_uuids=[found.uuid])
    keys = [seat.courserun_key for seat in seats]
    titles = runs_held(connection, found.enterprise_uuid, keys)
    return [Course(titles.get(key) or key, key) for key in keys]


def _find(connection: Connection, claim: Claim) -> ClaimedLicense:
    found = licenses.find_claimed(connection, claim.subject_uuid)
    if found is None or is_tombstone(found.user_email):
        raise UnknownClaim
    return found


def _seen(found: ClaimedLicense, state: ClaimState, obstacle: Obstacle | None = None) -> ClaimView:
    is_early = obstacle is Obstacle.PLAN_NOT_STARTED
    return ClaimView(
        kind=ClaimKind.LICENSE,
        enterprise_uuid=found.enterprise_uuid,
        email=found.user_email,
        enterprise_name="",
        contact=None,
        title=found.plan_title,
        until=found.expires_at,
        state=state,
        obstacle=obstacle,
        obstacle_at=found.starts_at if is_early else found.expires_at,
    )
