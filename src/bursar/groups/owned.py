"""What paths about groups can name."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam

from bursar.groups.models import Group
from bursar.identity.models import Enterprise
from bursar.tenancy import Owned

_enterprises, _groups = Enterprise.__table__, Group.__table__


@dataclass(frozen=True, slots=True)
class EnterpriseTarget:
    enterprise_uuid: UUID


@dataclass(frozen=True, slots=True)
class GroupTarget:
    enterprise_uuid: UUID
    uuid: UUID


_IS_NAMED: Final = _groups.c.uuid == bindparam("group_uuid")
ENTERPRISE: Final = Owned(
    EnterpriseTarget,
    source=_enterprises,
    enterprise=_enterprises.c.uuid,
    condition=_enterprises.c.uuid == bindparam("enterprise_customer_uuid"),
)
GROUP: Final = Owned(
    GroupTarget,
    source=_groups,
    enterprise=_groups.c.enterprise_uuid,
    condition=_IS_NAMED & _groups.c.deleted_at.is_(None),
    columns=(_groups.c.uuid,),
)
GROUP_OR_DELETED: Final = Owned(
    GroupTarget,
    source=_groups,
    enterprise=_groups.c.enterprise_uuid,
    condition=_IS_NAMED,
    columns=(_groups.c.uuid,),
)
"""For a deletion, which may be repeated."""
