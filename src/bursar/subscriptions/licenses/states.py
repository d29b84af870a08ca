"""The states of a license and their transitions, as a table. The database enforces the same table
with a trigger, and a test compares the two on both databases."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class LicenseStatus(StrEnum):
    UNASSIGNED = "unassigned"
    ASSIGNED = "assigned"
    ACTIVATED = "activated"
    REVOKED = "revoked"


class LicenseAction(StrEnum):
    ASSIGN = "assign"
    ACTIVATE = "activate"
    REVOKE = "revoke"


_S, _A = LicenseStatus, LicenseAction

LICENSE_MOVES: Final[Mapping[tuple[LicenseStatus, LicenseAction], LicenseStatus]] = {
    (_S.UNASSIGNED, _A.ASSIGN): _S.ASSIGNED,
    (_S.ASSIGNED, _A.ACTIVATE): _S.ACTIVATED,
    (_S.ASSIGNED, _A.REVOKE): _S.REVOKED,
    (_S.ACTIVATED, _A.REVOKE): _S.REVOKED,
}
LIVE: Final = (_S.ASSIGNED, _S.ACTIVATED)
"""The states in which a learner holds the license."""


class IllegalMove(Exception):
    """A license in this status cannot be moved in this way."""

    def __init__(self, status: LicenseStatus, action: LicenseAction) -> None:
        super().__init__(f"{action} is impossible for a license that is {status}")
        self.status = status


def after(status: LicenseStatus, action: LicenseAction) -> LicenseStatus:
    """The status after the action. Raises IllegalMove."""
    try:
        return LICENSE_MOVES[status, action]
    except KeyError:
        raise IllegalMove(status, action) from None
