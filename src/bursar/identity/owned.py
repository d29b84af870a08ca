"""What queries can name of identity."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam

from bursar.identity.models import Enterprise
from bursar.tenancy import Owned

_enterprises = Enterprise.__table__


@dataclass(frozen=True, slots=True)
class NamedEnterprise:
    enterprise_uuid: UUID


NAMED_ENTERPRISE: Final = Owned(
    NamedEnterprise,
    source=_enterprises,
    enterprise=_enterprises.c.uuid,
    condition=_enterprises.c.uuid == bindparam("enterprise_customer_uuid"),
)
"""The enterprise of a query `?enterprise_customer_uuid=`."""
