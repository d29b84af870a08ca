"""Pure decisions about the licenses that a command is about."""

from collections.abc import Collection, Sequence
from uuid import UUID

from bursar.subscriptions.licenses.refusals import NoLiveLicense
from bursar.subscriptions.licenses.states import LicenseStatus


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
