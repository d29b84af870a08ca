"""Pure decisions about plans, their renewals and revocations."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

from bursar.subscriptions.plans.refusals import Unusable

LOCKED_BEFORE_RENEWAL: Final = timedelta(hours=12)
_DAY: Final = timedelta(days=1)

Link = TypeVar("Link")


@dataclass(frozen=True, slots=True)
class Seats:
    """A plan's licenses by status."""

    unassigned: int = 0
    assigned: int = 0
    activated: int = 0
    revoked: int = 0
    revoked_activated: int = 0
    """Of the revoked ones, those that had been activated."""

    @property
    def allocated(self) -> int:
        return self.assigned + self.activated

    @property
    def total(self) -> int:
        """What was bought: all but the revoked ones, each of which left a new one behind."""
        return self.unassigned + self.allocated


@dataclass(frozen=True, slots=True)
class Revocations:
    total: int
    used: int

    @property
    def remaining(self) -> int:
        """Below zero when the cap was lowered beneath what had been used."""
        return self.total - self.used


def revocations(seats: Seats, *, is_capped: bool, percentage: int) -> Revocations | None:
    """None without a cap. The percentage is rounded up to whole licenses, in favour of whoever
    revokes."""
    if not is_capped:
        return None
    return Revocations(-(-seats.total * percentage // 100), seats.revoked_activated)


def days_until(expiration: datetime, now: datetime) -> int:
    """Whole days; negative when past."""
    return (expiration - now) // _DAY


@dataclass(frozen=True, slots=True)
class Terms:
    """What decides whether a plan can be used."""

    is_active: bool
    start_date: datetime
    expiration_date: datetime
    is_locked_by_hand: bool = False
    renewal_date: datetime | None = None
    """Of a renewal that waits to be processed."""

    def is_locked(self, now: datetime) -> bool:
        near = self.renewal_date is not None and now >= self.renewal_date - LOCKED_BEFORE_RENEWAL
        return self.is_locked_by_hand or near


def why_unusable(terms: Terms, now: datetime) -> Unusable | None:
    if not terms.is_active:
        return Unusable.INACTIVE
    if now < terms.start_date:
        return Unusable.NOT_STARTED
    if now >= terms.expiration_date:
        return Unusable.EXPIRED
    return None


def why_unassignable(terms: Terms, now: datetime) -> Unusable | None:
    if reason := why_unusable(terms, now):
        return reason
    return Unusable.LOCKED_FOR_RENEWAL if terms.is_locked(now) else None


def chain(start: UUID, links: Mapping[UUID, tuple[UUID, Link]]) -> Iterator[Link]:
    """What each step from plan to plan carries, nearest first; in a ring no plan comes twice."""
    seen = {start}
    while start in links:
        start, link = links[start]
        if start in seen:
            return
        seen.add(start)
        yield link
