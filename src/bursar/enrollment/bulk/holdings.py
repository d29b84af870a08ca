"""What bulk enrollments hold of people."""

from typing import Final, cast

from sqlalchemy import Table

from bursar.database.holdings import Holding
from bursar.enrollment.bulk.models import BulkEnrollmentJob, BulkEnrollmentRow

_JOBS: Final = cast("Table", BulkEnrollmentJob.__table__)
_ROWS: Final = cast("Table", BulkEnrollmentRow.__table__)

HOLDINGS: Final = (
    Holding(
        table=_JOBS,
        documents=(_JOBS.c.emails,),
        since=_JOBS.c.created_at,
        busy=_JOBS.c.state != "done",
        busy_with="a bulk enrollment",
    ),
    Holding(table=_ROWS, address=_ROWS.c.email, since=_ROWS.c.created_at),
)
