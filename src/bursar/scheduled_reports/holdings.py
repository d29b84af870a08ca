"""What scheduled reports hold of people: whom they go to, and filters that name a learner."""

from typing import Final, cast

from sqlalchemy import Table

from bursar.database.holdings import Holding
from bursar.scheduled_reports.models import Report

_REPORTS: Final = cast("Table", Report.__table__)

HOLDINGS: Final = (
    Holding(
        table=_REPORTS,
        documents=(_REPORTS.c.destination, _REPORTS.c.filters, _REPORTS.c.selection),
        since=_REPORTS.c.created_at,
        # The manifest declares them, and would bring the old address back.
        follows_renaming=False,
    ),
)
