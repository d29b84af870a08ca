"""What a learner has, and what happened with it, told in one sequence."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final

from bursar import clock
from bursar.console.figures import money
from bursar.credit.assignments.views import AssignmentListItem
from bursar.delivery.service import DeliveryStatus
from bursar.delivery.views import DeliveryView
from bursar.reporting.views import LearnerSummary
from bursar.subscriptions.licenses.views import LicenseItem

MAIL_WORDS: Final = {
    DeliveryStatus.PENDING: ("Waiting", "wait"),
    DeliveryStatus.DELIVERED: ("Sent", "good"),
    DeliveryStatus.FAILED: ("Failed", "bad"),
    DeliveryStatus.DROPPED: ("Not sent", "off"),
}
ACTION_WORDS: Final = {
    "learner_linked": ("linked to the learner", "busy"),
    "notified": ("told by mail", "busy"),
    "reminded": ("reminded", "busy"),
    "redeemed": ("redeemed", "good"),
    "cancelled": ("cancelled", "off"),
    "expired": ("expired", "off"),
    "reversed": ("reversed", "off"),
}


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened, of the timeline."""

    at: datetime
    what: str
    about: str
    tone: str
    has_time: bool = True
    """The report knows only the day."""


@dataclass(frozen=True, slots=True)
class Belongings:
    """What a learner has and had, the latest first."""

    licenses: Sequence[LicenseItem]
    assignments: Sequence[AssignmentListItem]
    enrollments: Sequence[LearnerSummary]
    """Only of a learner who shares progress."""
    mails: Sequence[DeliveryView]


def timeline(found: Belongings) -> list[Moment]:
    """The latest first."""
    moments = [
        *(moment for each in found.licenses for moment in _of_license(each)),
        *(moment for each in found.assignments for moment in _of_assignment(each)),
        *(moment for each in found.enrollments for moment in _of_enrollment(each)),
        *(_of_mail(each) for each in found.mails),
    ]
    return sorted(moments, key=lambda each: each.at, reverse=True)


def _of_license(held: LicenseItem) -> Iterator[Moment]:
    for told, what, tone in (
        (held.assigned_date, "License assigned", "wait"),
        (held.activation_date, "License activated", "good"),
        (held.revoked_date, "License revoked", "off"),
    ):
        if told is not None:
            yield Moment(clock.parse_instant(told), what, "", tone)


def _of_assignment(item: AssignmentListItem) -> Iterator[Moment]:
    about = f"{item.content_title or item.content_key}, {money(-item.content_quantity)}"
    for action in item.actions:
        what, tone = ACTION_WORDS.get(action.action_type, (action.action_type, "busy"))
        if action.error_reason is not None:
            what, tone = f"not {what}", "bad"
        yield Moment(action.created, f"Assignment {what}", about, tone)


def _of_enrollment(row: LearnerSummary) -> Iterator[Moment]:
    for day, what, tone in (
        (row.enrollment_date, "Enrolled", "busy"),
        (row.passed_date, "Passed", "good"),
        (row.unenrollment_date, "Unenrolled", "off"),
    ):
        if day is not None:
            about = row.course_title or row.courserun_key
            yield Moment(_midnight(day), what, about, tone, has_time=False)


def _of_mail(mail: DeliveryView) -> Moment:
    word, tone = MAIL_WORDS[mail.status]
    return Moment(mail.created_at, f"Mail: {word.lower()}", mail.kind.replace("-", " "), tone)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
