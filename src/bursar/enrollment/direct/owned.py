"""What paths can name of direct enrollments."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam

from bursar.identity.models import Enterprise
from bursar.tenancy import Owned

_enterprises = Enterprise.__table__


@dataclass(frozen=True, slots=True)
class EnterpriseTarget:
    enterprise_uuid: UUID


ENTERPRISE: Final = Owned(
    EnterpriseTarget,
    source=_enterprises,
    enterprise=_enterprises.c.uuid,
    condition=_enterprises.c.uuid == bindparam("enterprise_uuid"),
)
