"""Licenses as the API shows them, in the key order of the reference."""

from datetime import datetime
from uuid import UUID

import msgspec

from bursar.clock import format_instant
from bursar.database.types import AnyRow
from bursar.subscriptions.licenses.states import LicenseStatus


class LicenseItem(msgspec.Struct, frozen=True):
    uuid: UUID
    status: LicenseStatus
    user_email: str | None
    lms_user_id: int | None
    user_sfid: str | None
    subscription_plan_uuid: UUID
    assigned_date: str | None
    activation_date: str | None
    revoked_date: str | None


class StatusCount(msgspec.Struct, frozen=True):
    status: LicenseStatus
    count: int


def license_item(row: AnyRow) -> LicenseItem:
    """Of a row with these columns of License: see `queries.SHOWN`."""
    return LicenseItem(
        row.uuid,
        LicenseStatus(row.status),
        row.user_email,
        row.lms_user_id,
        row.user_sfid,
        row.plan_uuid,
        _shown(row.assigned_at),
        _shown(row.activated_at),
        _shown(row.revoked_at),
    )


def revoked_item(row: AnyRow, revoked_date: str) -> LicenseItem:
    """Of the row of a live license, as it is once it is revoked."""
    return LicenseItem(
        row.uuid,
        LicenseStatus.REVOKED,
        row.user_email,
        row.lms_user_id,
        row.user_sfid,
        row.plan_uuid,
        _shown(row.assigned_at),
        _shown(row.activated_at),
        revoked_date,
    )


def _shown(date: datetime | None) -> str | None:
    return None if date is None else format_instant(date)
