"""The life of a licence, as a table. The database enforces the same one with a trigger, and a test
walks every pair on both databases."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class LicenseStatus(StrEnum):
    UNASSIGNED = "unassigned"
    ASSIGNED = "assigned"
    ACTIVATED = "activated"
    REVOKED = "revoked"


class LicenseEvent(StrEnum):
    ASSIGN = "assign"
    ACTIVATE = "activate"
    REVOKE = "revoke"


_S, _E = LicenseStatus, LicenseEvent

LICENSE_MOVES: Final[Mapping[tuple[LicenseStatus, LicenseEvent], LicenseStatus]] = {
    (_S.UNASSIGNED, _E.ASSIGN): _S.ASSIGNED,
    (_S.ASSIGNED, _E.ACTIVATE): _S.ACTIVATED,
    (_S.ASSIGNED, _E.REVOKE): _S.REVOKED,
    (_S.ACTIVATED, _E.REVOKE): _S.REVOKED,
}
LIVE: Final = (_S.ASSIGNED, _S.ACTIVATED)
"""Held by a learner."""


class IllegalMove(Exception):
    def __init__(self, status: str, event: str) -> None:
        super().__init__(f"{event} is impossible for a licence that is {status}")
        self.status = status


def after(status: LicenseStatus, event: LicenseEvent) -> LicenseStatus:
    """Raises IllegalMove."""
    try:
        return LICENSE_MOVES[status, event]
    except KeyError:
        raise IllegalMove(status, event) from None
