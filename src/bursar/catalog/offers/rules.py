"""Pure decisions about what a course or a run costs, until when, and where to enroll.

They read documents that nobody vouches for: what cannot be understood counts as unknown.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from bursar import clock
from bursar.catalog.content.parts import Part, instant, parts_of
from bursar.catalog.content.prices import enrollment_deadline, is_restricted, run_price_cents
from bursar.catalog.content.rules import is_published, run_open_until


def has_restricted_runs(document: Part) -> bool:
    return any(is_restricted(run) for run in _runs(document))


def without_hidden_runs(course: Part, allowed: Collection[str]) -> Part:
    """The course without its restricted runs but the allowed ones: nobody is enrolled in them, and
    they say neither what the course costs nor until when."""
    runs = [run for run in _runs(course) if not is_restricted(run) or run.get("key") in allowed]
    return {**course, "course_runs": runs}


def course_price_cents(course: Part, now: datetime) -> int | None:
    """That of the run a learner would be enrolled in now; when there is none, that of the
    advertised run, else of the latest one."""
    run = _run_to_pay_for(course, now) or _advertised_run(course) or _latest_run(course)
    return run_price_cents(run or {}, course, now)


def is_enrollable(run: Part, now: datetime) -> bool:
    """Published, not closed by hand, and neither its enrollment nor itself has ended."""
    if run.get("is_enrollable") is False:
        return False
    return now < run_open_until(
        status=run.get("status"),
        is_enrollable=None,
        enrollment_start=None,
        enrollment_end=instant(run, "enrollment_end"),
        end=instant(run, "end"),
    )


def is_payable(run: Part, now: datetime) -> bool:
    """Enrollable, and its paid seat is still sold."""
    deadline = enrollment_deadline(run)
    return is_enrollable(run, now) and (deadline is None or now < deadline)


def is_open_late(run: Part, now: datetime) -> bool:
    """Whether the run takes learners who come after its deadline: it is published, has not ended,
    and was not closed by hand before the deadline."""
    end = instant(run, "end")
    if not is_published(run.get("status")) or (end is not None and end <= now):
        return False
    return is_payable(run, now) or closed_since(run, now) is not None


def closed_since(run: Part, now: datetime) -> datetime | None:
    """The deadline of the run, or its end, that has passed; None when neither has."""
    bounds = [enrollment_deadline(run), instant(run, "end")]
    passed = (bound for bound in bounds if bound is not None and bound <= now)
    return min(passed, default=None) if is_published(run.get("status")) else None


def course_closed_since(course: Part, now: datetime) -> datetime | None:
    """Since when no run takes anybody, because of its dates. None when one does, or when the runs
    were closed otherwise."""
    runs = _named_runs(course)
    if any(is_payable(run, now) for run in runs):
        return None
    closed = (closed_since(run, now) for run in runs)
    return max((since for since in closed if since is not None), default=None)


def latest_enrollment_end(course: Part, now: datetime) -> datetime | None:
    """Of the runs that can be paid for. None when there is none, or one of them stays open."""
    ends = [enrollment_deadline(run) for run in _runs(course) if is_payable(run, now)]
    return _latest(ends)


def latest_end(course: Part, now: datetime) -> datetime | None:
    """Of the runs that take learners late. None when there is none, or one of them has no end."""
    return _latest([instant(run, "end") for run in _runs(course) if is_open_late(run, now)])


def run_to_enroll_in(course: Part, now: datetime) -> str | None:
    """The advertised run when it can be paid for, else the first such run by start and key."""
    return _key(_run_to_pay_for(course, now))


def run_to_enroll_in_late(course: Part, now: datetime) -> str | None:
    """As `run_to_enroll_in`, of the runs that take learners late."""
    return _key(_preferred(course, [r for r in _named_runs(course) if is_open_late(r, now)]))


def _run_to_pay_for(course: Part, now: datetime) -> Part | None:
    return _preferred(course, [run for run in _named_runs(course) if is_payable(run, now)])


def _preferred(course: Part, runs: Sequence[Part]) -> Part | None:
    advertised = _advertised_run(course)
    if any(run is advertised for run in runs):
        return advertised
    return min(runs, key=_start_and_key, default=None)


def _latest_run(course: Part) -> Part | None:
    """A run without a start counts as the earliest."""
    return max(
        _named_runs(course),
        key=lambda run: (instant(run, "start") or clock.NEVER, str(run["key"])),
        default=None,
    )


def _latest(ends: Sequence[datetime | None]) -> datetime | None:
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None


def _runs(course: Part) -> Sequence[Part]:
    return parts_of(course, "course_runs")


def run_keys(course: Part) -> list[str]:
    return [run["key"] for run in _named_runs(course)]


def nested_run(course: Part, run_key: str) -> Part | None:
    return next((run for run in _named_runs(course) if run["key"] == run_key), None)


def _named_runs(course: Part) -> Sequence[Part]:
    return [run for run in _runs(course) if _key(run)]


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
    return next((run for run in _runs(course) if run.get("uuid") == wanted), None)
