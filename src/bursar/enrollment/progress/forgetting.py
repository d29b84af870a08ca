"""Forgets how far course runs were pulled in which nobody is enrolled any more."""

from datetime import datetime, timedelta
from typing import Final, cast

from sqlalchemy import Table, exists, or_

from bursar.database.engine import Database
from bursar.database.forgetting import delete_old
from bursar.enrollment.models import Enrollment
from bursar.enrollment.progress.models import LmsRun
from bursar.enrollment.progress.pulled_runs import IS_LIVE_SEAT

_RUNS: Final = cast("Table", LmsRun.__table__)
_KEPT: Final = timedelta(days=30)


def forget_pulled_runs(database: Database, now: datetime) -> int:
    """Deletes those that have been due for so long, and were not pulled because nobody is enrolled.
    Whoever is enrolled later begins a new one. Returns how many."""
    run = _RUNS.c
    has_learners = exists().where(Enrollment.courserun_key == run.courserun_key, IS_LIVE_SEAT)
    return delete_old(
        database,
        _RUNS,
        run.due_at < now - _KEPT,
        or_(run.leased_until.is_(None), run.leased_until <= now),
        ~has_learners,
    )
