"""The enterprise that a path of the report names."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam

from bursar.identity.models import Enterprise
from bursar.tenancy import Owned

_enterprises: Final = Enterprise.__table__


@dataclass(frozen=True, slots=True)
class ReportedEnterprise:
    enterprise_uuid: UUID
    name: str


ENTERPRISE: Final = Owned(
    ReportedEnterprise,
    source=_enterprises,
    enterprise=_enterprises.c.uuid,
    condition=_enterprises.c.uuid == bindparam("enterprise_uuid"),
    columns=(_enterprises.c.name,),
)
