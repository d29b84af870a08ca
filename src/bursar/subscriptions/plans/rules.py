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
    """How many of the revoked licenses had been activated."""

    @property
    def allocated(self) -> int:
        return self.assigned + self.activated

    @property
    def total(self) -> int:
        """The number of licenses that were bought. Revoked ones do not count, because each was
        replaced."""
        return self.unassigned + self.allocated


def is_low(seats: Seats) -> bool:
    """Whether less than a tenth of the licenses is left to assign."""
    return seats.unassigned * 10 < seats.total


@dataclass(frozen=True, slots=True)
class Revocations:
    total: int
    used: int

    @property
    def remaining(self) -> int:
        """How many may still be revoked. It is negative if the cap was lowered below what had been
        used."""
        return self.total - self.used


def revocations(seats: Seats, *, is_capped: bool, percentage: int) -> Revocations | None:
    """The revocations that the cap allows, or None without a cap. The percentage is rounded up to
    whole licenses."""
    if not is_capped:
        return None
    return Revocations(-(-seats.total * percentage // 100), seats.revoked_activated)


def days_until(expiration: datetime, now: datetime) -> int:
    """Whole days until the expiration; negative if it has passed."""
    return (expiration - now) // _DAY


@dataclass(frozen=True, slots=True)
class Terms:
    """What decides whether a plan can be used."""

    is_active: bool
    start_date: datetime
    expiration_date: datetime
    is_locked_by_hand: bool = False
    renewal_date: datetime | None = None
    """The date of the renewal that is not processed yet."""

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
    """Follows the links from plan to plan, the nearest first. It stops at a plan that it has
    visited, so that it also ends in a ring."""
    seen = {start}
    while start in links:
        start, link = links[start]
        if start in seen:
            return
        seen.add(start)
        yield link
