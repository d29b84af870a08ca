"""What licenses hold of people."""

from typing import Final, cast

from sqlalchemy import Table

from bursar.database.holdings import Holding
from bursar.subscriptions.licenses.models import License

_LICENSES: Final = cast("Table", License.__table__)

HOLDINGS: Final = (
    Holding(
        table=_LICENSES,
        address=_LICENSES.c.user_email,
        account=_LICENSES.c.lms_user_id,
        since=_LICENSES.c.assigned_at,
        erased=lambda _at: {"user_sfid": None, "activation_key": None},
        busy=_LICENSES.c.is_ending,
        busy_with="the end of licensed enrollments",
    ),
)
