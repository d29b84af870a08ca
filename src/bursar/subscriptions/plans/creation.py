"""Creates plans."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from bursar.subscriptions.plans.models import SubscriptionPlan

REQUIRED: Final = ("start_date", "expiration_date", "enterprise_catalog_uuid")
DEFAULTS: Final[Mapping[str, str | bool | int]] = {
    "title": "",
    "is_active": True,
    "is_revocation_cap_enabled": False,
    "revoke_max_percentage": 5,
    "should_auto_apply_licenses": False,
    "is_locked_for_renewal_processing": False,
}
FIELDS: Final = (*REQUIRED, *DEFAULTS)
_COUNTS: Final = tuple(
    column.name for column in SubscriptionPlan.__table__.c if column.name.endswith("_count")
)


def new_plan(
    uuid: UUID, enterprise_uuid: UUID, fields: Mapping[str, object], at: datetime
) -> SubscriptionPlan:
    """A new plan without licenses. Fields that are absent or None get their defaults."""
    given = {name: fields[name] for name in FIELDS if fields.get(name) is not None}
    return SubscriptionPlan(
        uuid=uuid,
        enterprise_uuid=enterprise_uuid,
        wound_up_at=None,
        created_at=at,
        modified_at=at,
        **dict.fromkeys(_COUNTS, 0),
        **{**DEFAULTS, **given},
    )
