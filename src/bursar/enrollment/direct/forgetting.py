"""Forgets wishes of which nothing is left: the learner was not enrolled, or has left the run."""

from datetime import datetime
from typing import Final, cast

from sqlalchemy import Table, and_

from bursar.database.engine import Database
from bursar.database.forgetting import delete_old
from bursar.enrollment.direct.commands import WishState
from bursar.enrollment.direct.models import DirectEnrollment

_WISHES: Final = cast("Table", DirectEnrollment.__table__)
# Whoever is enrolled by a wish is so in the LMS too, and can leave it only with the wish.
_IS_OVER: Final = and_(
    _WISHES.c.in_lms.is_(False),
    _WISHES.c.state.in_([WishState.DONE.value, WishState.FAILED.value]),
)


def forget_wishes(database: Database, before: datetime) -> int:
    """Deletes those that came to nothing or ended before. Returns how many."""
    return delete_old(database, _WISHES, _IS_OVER, _WISHES.c.modified_at < before)
