"""The mail that tells learners of direct enrollments, and when it is still to be sent."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from bursar.catalog.listings.service import runs_held
from bursar.claims.tokens import ClaimKind
from bursar.database.types import AnyRow
from bursar.delivery.service import Attempt, MailKind, NewMail, QueuedDelivery
from bursar.enrollment.direct.queries import active_among
from bursar.enrollment.links import course_link

ENROLLED: Final = "course-enrolled"
_LEFT: Final = "The learner is not enrolled any more."


def mails_of(
    session: Session, enrolled: Sequence[tuple[AnyRow, str]], lms_public_url: str
) -> list[NewMail]:
    """One mail for each learner of an enterprise, with all courses. `enrolled` has wishes and
    e-mails. The subject of a mail is the last wish of the learner."""
    if not enrolled:
        return []
    enterprise_uuid = enrolled[0][0].enterprise_uuid
    keys = [row.courserun_key for row, _ in enrolled]
    titles = runs_held(session.connection(), enterprise_uuid, keys)
    courses: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
    subjects: dict[str, UUID] = {}
    for row, email in enrolled:
        key = row.courserun_key
        courses[email].append(
            {"title": titles.get(key) or key, "link": course_link(lms_public_url, key)}
        )
        subjects[email] = row.uuid
    return [
        NewMail(ENROLLED, enterprise_uuid, subjects[email], email, {"courses": listed})
        for email, listed in courses.items()
    ]


def _of_left(session: Session, mails: Sequence[QueuedDelivery]) -> dict[UUID, str]:
    """The mails whose learner has left again."""
    active = active_among(session, [mail.subject_uuid for mail in mails])
    return {mail.uuid: _LEFT for mail in mails if mail.subject_uuid not in active}


def _keep_no_record(_session: Session, _attempts: Sequence[Attempt], _now: datetime) -> None:
    """Records nothing, because the row of the mail has its outcome."""


_TEMPLATES: Final = "bursar.enrollment.direct"
MAIL_KINDS: Final = (
    MailKind(ENROLLED, _TEMPLATES, _of_left, _keep_no_record, ClaimKind.ENROLLMENT),
)
