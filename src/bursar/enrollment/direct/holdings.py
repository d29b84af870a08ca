"""What wishes to enroll learners hold of people."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import Table, case

from bursar.database.holdings import Holding
from bursar.enrollment.direct.models import DirectEnrollment

_WISHES: Final = cast("Table", DirectEnrollment.__table__)
_IS_OPEN: Final = _WISHES.c.state.in_(["waiting", "failed"])


def _erased(_at: datetime) -> Mapping[str, Any]:
    """A wish that waits for an account waits no longer. What an LMS answered can name the
    person."""
    return {
        "state": case((_IS_OPEN, "failed"), else_=_WISHES.c.state),
        "error": case((_IS_OPEN, "The learner was erased."), else_=None),
    }


HOLDINGS: Final = (
    Holding(
        table=_WISHES,
        learner=_WISHES.c.learner_id,
        erased=_erased,
        busy=_WISHES.c.state == "queued",
        busy_with="an enrollment",
    ),
)
