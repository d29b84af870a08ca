"""The mail about an enrolment, and when it is still true."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias
from urllib.parse import quote
from uuid import UUID

from sqlalchemy.orm import Session

from bursar.notifications.kinds import Attempt, MailKind, QueuedMail
from bursar.notifications.service import NewMail
from bursar.subscriptions.licenses.service import live_among

ENROLLED: Final = "license-enrolled"

Course: TypeAlias = dict[str, str]


@dataclass(frozen=True, slots=True)
class Links:
    lms_url: str

    def course(self, title: str, run_key: str) -> Course:
        link = f"{self.lms_url.rstrip('/')}/courses/{quote(run_key, safe=':+')}/course/"
        return {"title": title or run_key, "link": link}


def of_enrolled(
    enterprise_uuid: UUID, license_uuid: UUID, email: str, courses: Sequence[Course]
) -> NewMail:
    return NewMail(ENROLLED, enterprise_uuid, license_uuid, email, {"courses": list(courses)})


def _of_live(session: Session, mails: Sequence[QueuedMail]) -> set[UUID]:
    live = live_among(session, [mail.subject_uuid for mail in mails])
    return {mail.uuid for mail in mails if mail.subject_uuid in live}


def _leave(_session: Session, _attempts: Sequence[Attempt], _now: datetime) -> None:
    """The mail's own row says what came of it."""


MAIL_KINDS: Final = (MailKind(ENROLLED, "bursar.enrollment.bulk", _of_live, _leave),)
