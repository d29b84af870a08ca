"""What paths can name of licenses."""

from typing import Final

from sqlalchemy import bindparam

from bursar.subscriptions.licenses.models import License
from bursar.web.principal import Owned

_license = License.__table__

LICENSE: Final = Owned(
    source=_license,
    enterprise=_license.c.enterprise_uuid,
    condition=(_license.c.uuid == bindparam("license_uuid"))
    & (_license.c.plan_uuid == bindparam("subscription_plan_uuid")),
    columns=(_license.c.uuid, _license.c.plan_uuid),
)
