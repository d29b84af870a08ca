"""The enterprise that a path of the report names."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam

from bursar.database.commit_order import clock_of
from bursar.enrollment.models import CLOCK
from bursar.identity.models import Enterprise
from bursar.tenancy import Owned

_enterprises: Final = Enterprise.__table__


@dataclass(frozen=True, slots=True)
class ReportedEnterprise:
    enterprise_uuid: UUID
    name: str
    changed_until: datetime | None
    """All changes of its enrollments up to this instant are committed. It is read before the
    enrollments are, so what they do not show yet is later. None before the first change."""


ENTERPRISE: Final = Owned(
    ReportedEnterprise,
    source=_enterprises,
    enterprise=_enterprises.c.uuid,
    condition=_enterprises.c.uuid == bindparam("enterprise_uuid"),
    columns=(
        _enterprises.c.name,
        clock_of(CLOCK, _enterprises.c.uuid).label("changed_until"),
    ),
)
