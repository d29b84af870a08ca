"""Pure decisions about the licenses that a command is about."""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from bursar.database.types import AnyRow
from bursar.subscriptions.licenses.refusals import NoLiveLicense, TooManyLicenses
from bursar.subscriptions.licenses.states import LicenseStatus

MOST_SELECTED: Final = 10_000
"""Licenses that filters may select for one change, which holds the lock of their plan."""


def require_all(
    plan_uuid: UUID,
    emails: Sequence[str],
    holders: Collection[str],
    statuses: tuple[LicenseStatus, ...],
) -> None:
    """Raises NoLiveLicense, which names all of the e-mails that hold none."""
    missing = [email for email in emails if email not in holders]
    if missing:
        raise NoLiveLicense(plan_uuid, missing, statuses)


def require_few(plan_uuid: UUID, rows: Sequence[AnyRow]) -> None:
    """Raises TooManyLicenses."""
    if len(rows) > MOST_SELECTED:
        raise TooManyLicenses(plan_uuid, MOST_SELECTED)
