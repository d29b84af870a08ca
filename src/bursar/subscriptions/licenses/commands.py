"""What can be asked of licenses, and what comes of it.

E-mails are normalized (lower case, trimmed) and without repetitions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from bursar.subscriptions.licenses.refusals import LicenseRefused
from bursar.subscriptions.licenses.states import LicenseStatus


@dataclass(frozen=True, slots=True)
class AssignLicenses:
    """All or nothing. Learners who hold a license of the plan keep it, and get no mail."""

    enterprise_uuid: UUID
    plan_uuid: UUID
    sfids: Mapping[str, str | None]
    """Whom to give a license: by e-mail the learner's id in the customer's own system, in the
    order in which the result names them."""
    notify: bool = True
    greeting: str = ""
    closing: str = ""


@dataclass(frozen=True, slots=True)
class AssignedLicenses:
    licenses: Sequence[tuple[str, UUID]]
    """E-mail and new license, in the order of the command."""
    already_associated: int
    """How many of the learners held a license of the plan before."""


@dataclass(frozen=True, slots=True)
class RevokeLicenses:
    """All or nothing: every learner must hold a license of the plan."""

    enterprise_uuid: UUID
    plan_uuid: UUID
    emails: Sequence[str]


@dataclass(frozen=True, slots=True)
class RevokedLicense:
    license_uuid: UUID
    original_status: LicenseStatus
    user_email: str


@dataclass(frozen=True, slots=True)
class Revocations:
    """What came of an attempt that revokes as many licenses as it can."""

    revoked: Sequence[RevokedLicense]
    refused: Sequence[tuple[str, LicenseRefused]]
    """E-mail, and why that learner's license stays as it is."""


@dataclass(frozen=True, slots=True)
class LicenseFilter:
    """What a live license must be like; both must hold. None: anything."""

    user_email: str | None = None
    """A part of it, in any case."""
    statuses: frozenset[LicenseStatus] | None = None


@dataclass(frozen=True, slots=True)
class RevokeMatchingLicenses:
    """Every live license of the plan that all filters let through; none is fine."""

    enterprise_uuid: UUID
    plan_uuid: UUID
    filters: Sequence[LicenseFilter]


@dataclass(frozen=True, slots=True)
class RemindLearners:
    """All or nothing: every learner must hold a license of the plan that is not activated yet."""

    enterprise_uuid: UUID
    plan_uuid: UUID
    emails: Sequence[str]


@dataclass(frozen=True, slots=True)
class RevokeSelected:
    """Of the licenses that a list would show, those that learners hold."""

    enterprise_uuid: UUID
    plan_uuid: UUID
    selection: "LicenseSelection"


@dataclass(frozen=True, slots=True)
class RemindSelected:
    """Of the licenses that a list would show, those that are assigned and not activated yet."""

    enterprise_uuid: UUID
    plan_uuid: UUID
    selection: "LicenseSelection"


@dataclass(frozen=True, slots=True)
class ActivateLicense:
    """A learner's first use of a license. Repeating it changes nothing."""

    enterprise_uuid: UUID
    plan_uuid: UUID
    license_uuid: UUID


@dataclass(frozen=True, slots=True)
class ActivateLicenses:
    """Licenses of whichever plans, at most 10,000; those that are not assigned stay as they are.

    Whether the plans can be used now is for the caller to ask: see `usable_licenses`.
    """

    enterprise_uuid: UUID
    license_uuids: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class LinkAccounts:
    """Accounts in the LMS became known, and are noted on the live licenses of their learners."""

    enterprise_uuid: UUID
    accounts: Sequence[tuple[str, int]]
    """E-mail and lms_user_id."""


@dataclass(frozen=True, slots=True)
class LicenseSelection:
    """Which licenses of a plan a list shows: all conditions must hold."""

    statuses: frozenset[LicenseStatus] = frozenset(LicenseStatus)
    user_email: str | None = None
    """Exactly this one."""
    search: str | None = None
    """A part of the learner's e-mail, in any case."""


@dataclass(frozen=True, slots=True)
class PersonSelection:
    """The licenses of one learner over all plans of an enterprise: of the e-mail, of the account,
    or of the learner who has both."""

    enterprise_uuid: UUID
    user_email: str | None = None
    lms_user_id: int | None = None


@dataclass(frozen=True, slots=True)
class UsableLicense:
    """A live license of a plan that can be used now."""

    license_uuid: UUID
    plan_uuid: UUID
    catalog_uuid: UUID
    is_activated: bool
    lms_user_id: int | None


@dataclass(frozen=True, slots=True)
class LiveLicense:
    """A license that a learner holds."""

    license_uuid: UUID
    status: LicenseStatus
    user_email: str
