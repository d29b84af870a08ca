"""What enrollments hold of people: nothing but whose they are."""

from typing import Final, cast

from sqlalchemy import Table

from bursar.database.holdings import Holding
from bursar.enrollment.models import Enrollment

_ENROLLMENTS: Final = cast("Table", Enrollment.__table__)

HOLDINGS: Final = (Holding(table=_ENROLLMENTS, learner=_ENROLLMENTS.c.learner_id),)
