"""Direct enrollments as the API shows them."""

import msgspec

from bursar.clock import format_instant
from bursar.database.types import AnyRow
from bursar.enrollment.direct.commands import CourseMode, WishState


class CourseEnrollmentView(msgspec.Struct, frozen=True):
    """What a client wished last for a learner in a course run, and what came of it."""

    user_email: str
    lms_user_id: int | None
    course_run_id: str
    course_mode: CourseMode
    is_active: bool
    """False when the enrollment was to end."""
    cohort: str | None
    state: WishState
    reason: str | None
    """Why the LMS refused; null unless it did."""
    created: str
    modified: str


def view_of(row: AnyRow) -> CourseEnrollmentView:
    return CourseEnrollmentView(
        user_email=row.email,
        lms_user_id=row.lms_user_id,
        course_run_id=row.courserun_key,
        course_mode=CourseMode(row.mode),
        is_active=row.is_active,
        cohort=row.cohort,
        state=WishState(row.state),
        reason=row.error,
        created=format_instant(row.created_at),
        modified=format_instant(row.modified_at),
    )
