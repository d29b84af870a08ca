"""What an LMS says of a learner in a course run, and how what it says at different times adds up.

Facts arrive late, twice, and in any order. So each has the time at which the LMS knew it, and
adding them up is commutative: whatever the order, the same facts end in the same state.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any, Final

import msgspec

from bursar.enrollment.commands import Payer


class EnrollmentFact(msgspec.Struct, frozen=True, omit_defaults=True):
    is_active: bool
    mode: str
    enrolled_on: date | None = None


class GradeFact(msgspec.Struct, frozen=True, omit_defaults=True):
    percent: float
    letter: str | None = None


class ResultFact(msgspec.Struct, frozen=True, omit_defaults=True):
    is_passing: bool
    at: datetime
    """When the LMS knew it, which can be long before it told."""


class LmsFact(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an LMS says at one time of one learner in one run. It names the learner in at least one
    way; the account counts before the address, and the address before the username."""

    courserun_key: str
    at: datetime
    lms_user_id: int | None = None
    email: str | None = None
    """In the form of emails.normalised."""
    username: str | None = None
    enrollment: EnrollmentFact | None = None
    grade: GradeFact | None = None
    result: ResultFact | None = None


@dataclass(frozen=True, slots=True)
class LmsState:
    """All that was said, added up. The fields are columns of progress.models.LmsProgress."""

    enrollment_at: datetime | None = None
    is_active: bool | None = None
    mode: str | None = None
    enrolled_on: date | None = None
    """The first day that was named."""
    grade_at: datetime | None = None
    percent: float | None = None
    letter: str | None = None
    result_at: datetime | None = None
    is_passing: bool | None = None
    passed_on: date | None = None
    """The first day on which the LMS said that the learner passes, or said that they had."""
    ended_at: datetime | None = None
    """The first time after the enrollment began at which the LMS said that it had ended."""


def added(state: LmsState, fact: LmsFact, enrolled_at: datetime | None) -> LmsState:
    """`enrolled_at` is when Bursar enrolled the learner, if it did: an end before that is one of an
    earlier enrollment."""
    if fact.enrollment is not None:
        state = _with_enrollment(state, fact.enrollment, fact.at, enrolled_at)
    if fact.grade is not None and _is_newer_grade(state, fact.grade, fact.at):
        grade = fact.grade
        state = replace(state, grade_at=fact.at, percent=grade.percent, letter=grade.letter)
    if fact.result is not None:
        state = _with_result(state, fact.result)
    return state


def _with_enrollment(
    state: LmsState, fact: EnrollmentFact, at: datetime, enrolled_at: datetime | None
) -> LmsState:
    days = [day for day in (state.enrolled_on, fact.enrolled_on) if day is not None]
    state = replace(
        state,
        enrolled_on=min(days, default=None),
        ended_at=_first_end(state, fact, at, enrolled_at),
    )
    # What was said at the same time has an order too, so that the last to arrive is not the last.
    known = (state.enrollment_at or _NEVER, not state.is_active, state.mode or "")
    if state.enrollment_at is not None and (at, not fact.is_active, fact.mode) <= known:
        return state
    return replace(state, enrollment_at=at, is_active=fact.is_active, mode=fact.mode)


def _first_end(
    state: LmsState, fact: EnrollmentFact, at: datetime, enrolled_at: datetime | None
) -> datetime | None:
    """Of the enrollment that began at `enrolled_at`: one before it was of an earlier one."""
    ends = [state.ended_at, None if fact.is_active else at]
    since = enrolled_at or _NEVER
    return min((end for end in ends if end is not None and end >= since), default=None)


def _is_newer_grade(state: LmsState, fact: GradeFact, at: datetime) -> bool:
    if state.grade_at is None:
        return True
    known = (state.grade_at, state.percent or 0.0, state.letter or "")
    return (at, fact.percent, fact.letter or "") > known


def _with_result(state: LmsState, fact: ResultFact) -> LmsState:
    if fact.is_passing:
        day = fact.at.date()
        first = day if state.passed_on is None else min(state.passed_on, day)
        state = replace(state, passed_on=first)
    if state.result_at is None or (fact.at, fact.is_passing) > (
        state.result_at,
        bool(state.is_passing),
    ):
        state = replace(state, result_at=fact.at, is_passing=fact.is_passing)
    return state


def reported_values(
    before: LmsState, after: LmsState, payer: Payer, unenrolled_at: datetime | None
) -> dict[str, Any]:
    """The columns of enrollments.Enrollment that change with the state. `payer` and `unenrolled_at`
    are those of the row; a row that is only reported is all the LMS's."""
    is_reported = payer is Payer.REPORTED
    values: dict[str, Any] = {"mode": after.mode}
    if is_reported:
        values = _enrollment_values(after)
    if _enrollment(before) == _enrollment(after):
        values = {}
    if not is_reported and _ends(before, after, unenrolled_at):
        values["unenrolled_at"] = after.ended_at
    if (before.percent, before.letter) != (after.percent, after.letter):
        values |= {"current_grade": after.percent, "letter_grade": after.letter}
    if (before.is_passing, before.passed_on) != (after.is_passing, after.passed_on):
        passed_on = after.passed_on if after.is_passing else None
        values |= {"has_passed": after.is_passing, "passed_date": passed_on}
    return values


def _enrollment(state: LmsState) -> tuple[object, ...]:
    ended = None if state.is_active or state.enrollment_at is None else state.enrollment_at.date()
    return state.is_active, state.mode, state.enrolled_on, ended


def _enrollment_values(state: LmsState) -> dict[str, Any]:
    """As a report tells them: days, which are kept as their first instants."""
    ended = None
    if not state.is_active and state.enrollment_at is not None:
        ended = midnight(state.enrollment_at.date())
    begun = {} if state.enrolled_on is None else {"enrolled_at": midnight(state.enrolled_on)}
    return {"mode": state.mode, "unenrolled_at": ended, **begun}


def _ends(before: LmsState, after: LmsState, unenrolled_at: datetime | None) -> bool:
    """What Bursar's own books say of an end stays. What only the LMS has said of one can turn out
    to have been earlier. Nothing that an LMS says makes somebody pay again, so an enrollment that
    has ended stays so until Bursar enrolls the learner anew."""
    if after.ended_at is None or after.ended_at == before.ended_at:
        return False
    if unenrolled_at is None:
        return True
    return before.ended_at is not None and before.ended_at.date() == unenrolled_at.date()


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


_NEVER: Final = datetime.min.replace(tzinfo=UTC)
