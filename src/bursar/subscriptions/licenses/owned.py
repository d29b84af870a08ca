"""What paths can name of licenses."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam

from bursar.subscriptions.licenses.models import License
from bursar.tenancy import Owned

_license = License.__table__


@dataclass(frozen=True, slots=True)
class LicenseTarget:
    enterprise_uuid: UUID
    uuid: UUID
    plan_uuid: UUID


LICENSE: Final = Owned(
    LicenseTarget,
    source=_license,
    enterprise=_license.c.enterprise_uuid,
    condition=(_license.c.uuid == bindparam("license_uuid"))
    & (_license.c.plan_uuid == bindparam("subscription_plan_uuid")),
    columns=(_license.c.uuid, _license.c.plan_uuid),
)
