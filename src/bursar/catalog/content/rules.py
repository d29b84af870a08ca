"""Pure decisions about content: until when is it listed."""

from datetime import datetime, timedelta
from typing import Any, Final

from bursar.clock import FOREVER, NEVER

CLOSED: Final = NEVER + timedelta(days=1)
"""Until when what was closed by hand is listed: before all content, and after NEVER, which says
that nothing of it is published at all."""


def is_published(status: Any) -> bool:
    """Of a run."""
    return isinstance(status, str) and status.strip().lower() == "published"


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
    enrollable counts as opening later until its enrollment would have started, and as
    closed by hand from then on.
    """
    if not is_published(status):
        return NEVER
    bounds = [bound for bound in (enrollment_end, end) if bound is not None]
    if is_enrollable is False:
        bounds.append(enrollment_start or CLOSED)
    return min(bounds, default=FOREVER)


def program_active_until(*, hidden: bool) -> datetime:
    return NEVER if hidden else FOREVER
