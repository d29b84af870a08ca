"""Pure decisions about what a course or a run costs, until when, and where to enroll.

They read documents that nobody vouches for: what cannot be understood counts as unknown.
"""

from collections.abc import Sequence
from datetime import datetime

from bursar import clock
from bursar.catalog.content.parts import Part, cents, instant, parts_of, run_price_cents
from bursar.catalog.content.rules import run_open_until


def course_price_cents(course: Part, now: datetime) -> int | None:
    """That of the advertised run, else of the cheapest entitlement that has not expired."""
    advertised = _advertised_run(course)
    price = None if advertised is None else run_price_cents(advertised)
    if price is not None:
        return price
    live = (one for one in parts_of(course, "entitlements") if not _is_past(one, "expires", now))
    prices = (cents(entitlement.get("price")) for entitlement in live)
    return min((price for price in prices if price is not None), default=None)


def is_enrollable(run: Part, now: datetime) -> bool:
    """Published, not closed by hand, and neither its enrollment nor itself has ended."""
    if run.get("is_enrollable") is False:
        return False
    until = run_open_until(
        status=run.get("status"),
        is_enrollable=None,
        enrollment_start=None,
        enrollment_end=instant(run, "enrollment_end"),
        end=instant(run, "end"),
    )
    return now < until


def latest_enrollment_end(course: Part, now: datetime) -> datetime | None:
    """Of the enrollable runs. None when there is none, or one of them stays open."""
    ends = [
        instant(run, "enrollment_end")
        for run in parts_of(course, "course_runs")
        if is_enrollable(run, now)
    ]
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None


def run_to_enroll_in(course: Part, now: datetime) -> str | None:
    """The advertised run when it is enrollable, else the first enrollable one by start and key."""
    open_runs = [run for run in _named_runs(course) if is_enrollable(run, now)]
    advertised = _advertised_run(course)
    if any(run is advertised for run in open_runs):
        return _key(advertised)
    return _key(min(open_runs, key=_start_and_key, default=None))


def nested_run(course: Part, run_key: str) -> Part | None:
    return next((run for run in _named_runs(course) if run["key"] == run_key), None)


def _named_runs(course: Part) -> Sequence[Part]:
    return [run for run in parts_of(course, "course_runs") if _key(run)]


def _key(run: Part | None) -> str | None:
    key = None if run is None else run.get("key")
    return key if isinstance(key, str) else None


def _start_and_key(run: Part) -> tuple[datetime, str]:
    """A run without a start comes last."""
    return instant(run, "start") or clock.FOREVER, str(run["key"])


def _advertised_run(course: Part) -> Part | None:
    wanted = course.get("advertised_course_run_uuid")
    if not isinstance(wanted, str):
        return None
    runs = parts_of(course, "course_runs")
    return next((run for run in runs if run.get("uuid") == wanted), None)


def _is_past(part: Part, name: str, now: datetime) -> bool:
    at = instant(part, name)
    return at is not None and at <= now
