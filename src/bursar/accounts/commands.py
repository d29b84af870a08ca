"""What can be asked about the people of the console, and what is answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

IDLE: Final = timedelta(hours=12)
"""A session that nobody used for so long has ended."""
LONGEST: Final = timedelta(days=14)
"""However much it is used, a session ends after this."""
CONFIRMED: Final = timedelta(minutes=30)
"""For so long after a person proved who they are, money and people can be changed."""
LINK_VALID: Final = timedelta(days=3)
CODE_AWAITED: Final = timedelta(minutes=10)
"""For so long after the password a code may follow, and the first one of an app after its key."""
RECOVERY_CODES: Final = 10
SHORTEST_PASSWORD: Final = 12
LONGEST_PASSWORD: Final = 1_000


class ConsoleRole(StrEnum):
    OPERATOR = "operator"
    ADMIN = "admin"
    VIEWER = "viewer"


@dataclass(frozen=True, slots=True)
class Invite:
    email: str
    enterprise_uuid: UUID | None
    """None: an operator of the installation."""
    role: ConsoleRole
    asks_password: bool = True
    """Whether the link lets the person choose a password before it signs them in."""

    def __post_init__(self) -> None:
        if (self.role is ConsoleRole.OPERATOR) is not (self.enterprise_uuid is None):
            raise ValueError("an operator has no enterprise, and everybody else has one")


@dataclass(frozen=True, slots=True)
class Browser:
    """Where somebody signs in, as they will see it in the list of their sessions."""

    address: str
    name: str


@dataclass(frozen=True, slots=True)
class OpenLink:
    user_uuid: UUID
    email: str
    asks_password: bool


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person with a session, and what they may see."""

    user_uuid: UUID
    email: str
    session_uuid: UUID
    confirmed_at: datetime
    seen_at: datetime
    has_password: bool
    has_totp: bool
    is_operator: bool
    roles: Mapping[UUID, ConsoleRole]
    """By enterprise."""

    def is_confirmed(self, at: datetime) -> bool:
        return at - self.confirmed_at < CONFIRMED


@dataclass(frozen=True, slots=True)
class SessionView:
    uuid: UUID
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    address: str
    browser: str


@dataclass(frozen=True, slots=True)
class PersonView:
    """Somebody with a role in an enterprise, or in the installation."""

    user_uuid: UUID
    email: str
    role: ConsoleRole
    has_signed_in: bool
    seen_at: datetime | None
    created_at: datetime
    has_totp: bool


@dataclass(frozen=True, slots=True)
class TotpView:
    """The second factor of somebody who has one."""

    since: datetime
    codes_left: int
    """Recovery codes that were not used."""
