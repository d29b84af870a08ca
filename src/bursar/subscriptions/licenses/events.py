"""What happens to licenses. Each event carries the license as its list shows it."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from bursar.events.event import Event
from bursar.subscriptions.licenses.views import LicenseItem


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseEvent(Event):
    object_type: ClassVar[str] = "license"

    enterprise_uuid: UUID
    email: str
    """Of the learner who holds the license, or held it until this change."""
    data: LicenseItem


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseAssigned(LicenseEvent):
    type: ClassVar[str] = "license.assigned"
    is_public: ClassVar[bool] = True

    plan_title: str
    plan_expiration: datetime
    notify: bool
    """Whether the learner is to be told by mail."""
    greeting: str
    closing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseReminded(LicenseEvent):
    """The learner is to be reminded by mail; the license stays as it was."""

    type: ClassVar[str] = "license.reminded"
    is_public: ClassVar[bool] = True

    plan_title: str
    plan_expiration: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseActivated(LicenseEvent):
    type: ClassVar[str] = "license.activated"
    is_public: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseRevoked(LicenseEvent):
    type: ClassVar[str] = "license.revoked"
    is_public: ClassVar[bool] = True

    was_activated: bool
    """Whether it may have paid for enrollments, which then have to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseRenewed(LicenseEvent):
    """The license is the learner's new one, of the plan that follows."""

    type: ClassVar[str] = "license.renewed"
    is_public: ClassVar[bool] = True

    renewed_from_uuid: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseLinked(LicenseEvent):
    """The account in the LMS of the learner who holds the license became known, or another."""

    type: ClassVar[str] = "license.linked"
