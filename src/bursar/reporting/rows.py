"""Turns rows of the database into rows as the caller may see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from bursar.database.types import AnyRow
from bursar.reporting.course_urls import CourseUrls
from bursar.reporting.fields import NAMES
from bursar.reporting.redaction import redacted
from bursar.reporting.views import LearnerSummary

REFUND_PERIOD: Final = timedelta(days=14)
_WIDTH: Final = len(NAMES)


@dataclass(frozen=True, slots=True)
class Presenter:
    enterprise_uuid: str
    enterprise_name: str
    urls: CourseUrls

    def present(self, rows: Sequence[AnyRow]) -> list[LearnerSummary]:
        """The rows as the caller may see them. Every row of every format passes through this
        method."""
        summaries = [LearnerSummary(*row[:_WIDTH]) for row in rows]
        urls = self.urls.of(summary.course_key for summary in summaries)
        for summary in summaries:
            summary.course_api_url = urls[summary.course_key]
            summary.enterprise_customer_uuid = self.enterprise_uuid
            summary.enterprise_name = self.enterprise_name
            summary.unenrollment_end_within_date = _end_of_refunds(
                summary.unenrollment_end_within_date
            )
        return [redacted(summary) for summary in summaries]


def _end_of_refunds(begin: date | None) -> date | None:
    return None if begin is None else begin + REFUND_PERIOD
