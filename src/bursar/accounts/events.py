"""What happens to the people of the console. The object is the person; their address is not told,
because events outlive accounts."""

from typing import ClassVar, Final

from bursar.events.event import Event

OBJECT_TYPE: Final = "console_user"


class ConsoleUserInvited(Event):
    """Somebody was given a role, or another link."""

    type: ClassVar[str] = "console_user.invited"
    object_type: ClassVar[str] = OBJECT_TYPE


class ConsoleUserRemoved(Event):
    """Somebody lost a role."""

    type: ClassVar[str] = "console_user.removed"
    object_type: ClassVar[str] = OBJECT_TYPE


class ConsoleUserSignedIn(Event):
    type: ClassVar[str] = "console_user.signed_in"
    object_type: ClassVar[str] = OBJECT_TYPE


class ConsolePasswordChanged(Event):
    type: ClassVar[str] = "console_user.password_changed"
    object_type: ClassVar[str] = OBJECT_TYPE


class ConsoleSessionEnded(Event):
    """A person ended a session, or several at once by choosing another password."""

    type: ClassVar[str] = "console_user.session_ended"
    object_type: ClassVar[str] = OBJECT_TYPE


class ConsoleTotpSetUp(Event):
    """An app makes codes for the person, and signing in asks for one."""

    type: ClassVar[str] = "console_user.totp_set_up"
    object_type: ClassVar[str] = OBJECT_TYPE


class ConsoleTotpRemoved(Event):
    """By its owner, or by an operator for somebody who lost it."""

    type: ClassVar[str] = "console_user.totp_removed"
    object_type: ClassVar[str] = OBJECT_TYPE


class ConsoleRecoveryCodesMade(Event):
    """The earlier ones have ended."""

    type: ClassVar[str] = "console_user.recovery_codes_made"
    object_type: ClassVar[str] = OBJECT_TYPE


class ConsoleRecoveryCodeUsed(Event):
    type: ClassVar[str] = "console_user.recovery_code_used"
    object_type: ClassVar[str] = OBJECT_TYPE
