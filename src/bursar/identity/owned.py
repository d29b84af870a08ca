"""What queries can name of identity."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import and_, bindparam

from bursar.identity.models import Enterprise
from bursar.tenancy import Owned

_enterprises = Enterprise.__table__


@dataclass(frozen=True, slots=True)
class NamedEnterprise:
    enterprise_uuid: UUID


_IS_NAMED: Final = _enterprises.c.uuid == bindparam("enterprise_customer_uuid")

NAMED_ENTERPRISE: Final = Owned(
    NamedEnterprise,
    source=_enterprises,
    enterprise=_enterprises.c.uuid,
    condition=_IS_NAMED,
)
"""The enterprise of a query `?enterprise_customer_uuid=`."""

SANDBOX: Final = Owned(
    NamedEnterprise,
    source=_enterprises,
    enterprise=_enterprises.c.uuid,
    condition=and_(_IS_NAMED, _enterprises.c.is_sandbox),
)
"""The same, if it is a sandbox. Any other one is unknown to what is for sandboxes."""
