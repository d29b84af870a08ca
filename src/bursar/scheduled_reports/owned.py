"""What paths about reports can name."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam

from bursar.scheduled_reports.models import Report
from bursar.tenancy import Owned

_reports = Report.__table__


@dataclass(frozen=True, slots=True)
class ReportTarget:
    enterprise_uuid: UUID
    uuid: UUID


REPORT: Final = Owned(
    ReportTarget,
    source=_reports,
    enterprise=_reports.c.enterprise_uuid,
    condition=_reports.c.uuid == bindparam("report_uuid"),
    columns=(_reports.c.uuid,),
)
