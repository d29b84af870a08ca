"""The canonical price of a course run, and until when its paid seat is sold.

Documents say it in several places, of which the more particular one counts. Zero stands in many of
them for "nobody has said", so that only what is above zero is a price; a run is free only when it
has seats and none of them is paid.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from bursar.catalog.content.parts import Part, cents, instant, parts_of

EXECUTIVE_COURSE: Final = "executive-education-2u"
EXECUTIVE_MODE: Final = "paid-executive-education"
RESTRICTION: Final = "restriction_type"
_PAID_SEATS: Final = frozenset({"verified", "professional", "no-id-professional"})


def run_price_cents(run: Part, course: Part, now: datetime) -> int | None:
    """In US cents; None when nothing says it. `course` is empty when the course is not known.

    Entitlements are sold for every run of a course but the restricted ones, whose price is their
    own.
    """
    entitlements = [] if is_restricted(run) else _live_entitlements(course, now)
    for price in (
        _price(run, "fixed_price_usd"),
        _executive_price(course, entitlements),
        _price(run, "first_enrollable_paid_seat_price"),
        _cheapest(_paid_seats(run)),
        _cheapest(entitlements),
    ):
        if price is not None:
            return price
    return 0 if parts_of(run, "seats") and not _paid_seats(run) else None


def enrollment_deadline(run: Part) -> datetime | None:
    """Until when a paid seat of the run can be had: the end of enrollment or of upgrades, whichever
    comes first. None when there is no end to it."""
    ends = [instant(run, "enrollment_end"), _upgrade_deadline(run)]
    return min((end for end in ends if end is not None), default=None)


def is_restricted(run: Part) -> bool:
    """Whether the run was made for some customers only."""
    return bool(run.get(RESTRICTION))


def _upgrade_deadline(run: Part) -> datetime | None:
    """Of the paid seat that is sold longest; None when one of them is sold for ever."""
    deadlines = [
        instant(seat, "upgrade_deadline_override") or instant(seat, "upgrade_deadline")
        for seat in _paid_seats(run)
    ]
    known = [deadline for deadline in deadlines if deadline is not None]
    return max(known) if known and len(known) == len(deadlines) else None


def _executive_price(course: Part, entitlements: list[Part]) -> int | None:
    own = [each for each in entitlements if each.get("mode") == EXECUTIVE_MODE]
    if not own and course.get("course_type") == EXECUTIVE_COURSE:
        own = entitlements
    return _cheapest(own)


def _live_entitlements(course: Part, now: datetime) -> list[Part]:
    return [each for each in parts_of(course, "entitlements") if not _has_expired(each, now)]


def _has_expired(entitlement: Part, now: datetime) -> bool:
    at = instant(entitlement, "expires")
    return at is not None and at <= now


def _paid_seats(run: Part) -> list[Part]:
    return [seat for seat in parts_of(run, "seats") if _is_paid(seat.get("type"))]


def _is_paid(seat_type: object) -> bool:
    return isinstance(seat_type, str) and (
        seat_type in _PAID_SEATS or seat_type.startswith("paid-")
    )


def _cheapest(parts: list[Part]) -> int | None:
    return min(_prices(parts), default=None)


def _prices(parts: list[Part]) -> Iterator[int]:
    for part in parts:
        price = _price(part, "price")
        if price is not None:
            yield price


def _price(part: Part, name: str) -> int | None:
    return cents(part.get(name)) or None
