"""The mail about bulk enrollments, and when it is still to be sent."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.claims.tokens import ClaimKind
from bursar.delivery.service import Attempt, MailKind, NewMail, QueuedDelivery, enqueue
from bursar.enrollment.bulk.events import BulkEnrollmentProgressed, EnrolledCourse
from bursar.enrollment.links import course_link
from bursar.subscriptions.licenses.service import live_among

ENROLLED: Final = "license-enrolled"
_NOT_HELD: Final = "Nobody holds the license any more that pays for the courses."


@dataclass(frozen=True, slots=True)
class EnqueueEnrolled:
    """A subscriber that tells learners of their courses, with links to the LMS."""

    lms_public_url: str

    def __call__(
        self,
        session: Session,
        _actor: Actor,
        events: Sequence[BulkEnrollmentProgressed],
        at: datetime,
    ) -> None:
        mails = [
            mail
            for event in events
            for mail in mails_of(event.enterprise_uuid, event.to_notify, self.lms_public_url)
        ]
        if mails:
            enqueue(session, mails, at)


def mails_of(
    enterprise_uuid: UUID, enrolled: Iterable[EnrolledCourse], lms_public_url: str
) -> list[NewMail]:
    """One mail for each learner, with all courses. Its subject is the last license of the
    learner."""
    courses: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
    licenses: dict[str, UUID] = {}
    for each in enrolled:
        courses[each.email].append(
            {
                "title": each.title or each.course_run_key,
                "link": course_link(lms_public_url, each.course_run_key),
            }
        )
        licenses[each.email] = each.license_uuid
    return [
        NewMail(ENROLLED, enterprise_uuid, licenses[email], email, {"courses": listed})
        for email, listed in courses.items()
    ]


def _of_lost(session: Session, mails: Sequence[QueuedDelivery]) -> dict[UUID, str]:
    """The mails whose license nobody holds any more."""
    live = live_among(session, [mail.subject_uuid for mail in mails])
    return {mail.uuid: _NOT_HELD for mail in mails if mail.subject_uuid not in live}


def _keep_no_record(_session: Session, _attempts: Sequence[Attempt], _now: datetime) -> None:
    """Records nothing, because the row of the mail has its outcome."""


MAIL_KINDS: Final = (
    MailKind(ENROLLED, "bursar.enrollment.bulk", _of_lost, _keep_no_record, ClaimKind.LICENSE),
)
