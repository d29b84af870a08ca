"""Pure decisions about content: until when is it listed, and who belongs to a catalog."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from bursar.clock import FOREVER, NEVER


def run_open_until(
    *,
    status: Any,
    is_enrollable: Any,
    enrollment_start: datetime | None,
    enrollment_end: datetime | None,
    end: datetime | None,
) -> datetime:
    """The instant from which a run is no longer open now or opening later.

    Nothing reopens by the passing of time, so that one instant says it all: a run that is not
    enrollable counts as opening later until its enrolment would have started, and as
    closed by hand from then on.
    """
    if not isinstance(status, str) or status.strip().lower() != "published":
        return NEVER
    bounds = [bound for bound in (enrollment_end, end) if bound is not None]
    if is_enrollable is False:
        bounds.append(enrollment_start or NEVER)
    return min(bounds, default=FOREVER)


def program_active_until(*, hidden: bool) -> datetime:
    return NEVER if hidden else FOREVER


def family_members(has_course: bool, matches: Iterable[bool]) -> list[bool]:
    """Which of a course and its runs belong, given which match the filter themselves.

    A course belongs when it or one of its runs matches, and a run belongs when its course does;
    runs whose course was never imported stand alone.
    """
    own = list(matches)
    return [True] * len(own) if has_course and any(own) else own
