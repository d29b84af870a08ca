"""Why licenses were left as they are."""

from collections.abc import Sequence
from uuid import UUID

from bursar.subscriptions.licenses.states import LicenseStatus
from bursar.subscriptions.plans.refusals import Unusable


class LicenseRefused(Exception):
    """Nothing was changed for the command."""


class PlanUnusable(LicenseRefused):
    """The plan lets nobody begin to use a license now."""

    def __init__(self, plan_uuid: UUID, reason: Unusable) -> None:
        super().__init__(f"the plan {plan_uuid} cannot be used: {reason}")
        self.plan_uuid = plan_uuid
        self.reason = reason


class NotEnoughLicenses(LicenseRefused):
    """The plan has fewer unassigned licenses than learners who need one."""

    def __init__(self, plan_uuid: UUID, needed: int, unassigned: int) -> None:
        super().__init__(f"{needed} licenses needed, {unassigned} unassigned in {plan_uuid}")
        self.plan_uuid = plan_uuid
        self.needed = needed
        self.unassigned = unassigned


class LearnersDeactivated(LicenseRefused):
    """The identity provider of the enterprise says that these learners have left."""

    def __init__(self, plan_uuid: UUID, emails: Sequence[str]) -> None:
        super().__init__(f"{len(emails)} learners are deactivated")
        self.plan_uuid = plan_uuid
        self.emails = emails


class NoLiveLicense(LicenseRefused):
    """Learners hold no license of the plan in one of the statuses that the command is about."""

    def __init__(
        self, plan_uuid: UUID, emails: Sequence[str], statuses: tuple[LicenseStatus, ...]
    ) -> None:
        super().__init__(
            f"no {' or '.join(statuses)} license of {', '.join(emails)} in {plan_uuid}"
        )
        self.plan_uuid = plan_uuid
        self.emails = emails
        """All of them, in the order of the command."""
        self.statuses = statuses


class TooManyRevocations(LicenseRefused):
    """The plan's cap allows fewer revocations of activated licenses."""

    def __init__(self, plan_uuid: UUID, activated: int, remaining: int) -> None:
        super().__init__(f"{activated} activated licenses, {remaining} revocations in {plan_uuid}")
        self.plan_uuid = plan_uuid
        self.activated = activated
        """How many licenses of the command had been activated: only they count."""
        self.remaining = remaining
        """Below zero when the cap was lowered beneath what had been used."""


class NotActivatable(LicenseRefused):
    """Only a license that is assigned can be activated."""

    def __init__(self, license_uuid: UUID, status: LicenseStatus) -> None:
        super().__init__(f"the license {license_uuid} is {status}")
        self.license_uuid = license_uuid
        self.status = status
