"""In whatever order the same facts come, alone or together, they end in the same state."""

import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.batches import batched
from bursar.database.engine import Database
from bursar.enrollment.commands import NewEnrollment, Payer, ReportSource
from bursar.enrollment.models import Enrollment
from bursar.enrollment.progress.lms_facts import (
    EnrollmentFact,
    GradeFact,
    LmsFact,
    LmsState,
    ResultFact,
    added,
)
from bursar.enrollment.progress.lms_taking import take_facts
from bursar.enrollment.service import record_enrollments
from bursar.learners.service import find_learners
from testing.worlds.progress import ACME, ACTOR, ANA, BEN, NOW, RUN, after

SHOWN = (
    "learner_id", "mode", "payer", "enrolled_at", "unenrolled_at", "current_grade", "letter_grade",
    "has_passed", "passed_date",
)  # fmt: skip

# Few different times, so that several facts have the same one.
_HOURS = st.integers(-30, 60).map(lambda hour: 7 * (hour // 7))
_ENROLLMENTS = st.builds(
    EnrollmentFact,
    is_active=st.booleans(),
    mode=st.sampled_from(["audit", "honor", "verified"]),
    enrolled_on=st.sampled_from([None, date(2026, 3, 8), date(2026, 3, 9)]),
)
_GRADES = st.builds(
    GradeFact, percent=st.sampled_from([0.0, 0.4, 0.9]), letter=st.sampled_from([None, "A", "B"])
)


@st.composite
def facts(draw: st.DrawFn) -> LmsFact:
    at = after(draw(_HOURS))
    who: dict[str, Any] = draw(
        st.sampled_from(
            [
                {"lms_user_id": 501},
                {"username": "ana"},
                {"email": ANA},
                {"lms_user_id": 502, "email": BEN},
            ]
        )
    )
    result = None
    if draw(st.booleans()):
        since = at - timedelta(hours=draw(st.sampled_from([0, 0, 24])))
        result = ResultFact(draw(st.booleans()), since)
    return LmsFact(
        RUN,
        at,
        **who,
        enrollment=draw(st.none() | _ENROLLMENTS),
        grade=draw(st.none() | _GRADES),
        result=result,
    )


@contextmanager
def undone(database: Database) -> Iterator[Session]:
    """What is done in the block is never committed."""
    with suppress(_Undone), database.transaction() as session:
        yield session
        raise _Undone


class _Undone(Exception):
    pass


def pay(session: Session) -> None:
    """For Ana's seat."""
    learner = find_learners(session, ACME, [ANA])[ANA]
    seat = NewEnrollment(ACME, learner.id, RUN, Payer.LICENSE, license_uuid=UUID(int=1))
    record_enrollments(session, ACTOR, [seat], at=NOW)


def shown(session: Session) -> list[Any]:
    """What the report tells of every enrollment."""
    table = Enrollment.__table__.c
    found = session.connection().execute(select(*(table[name] for name in SHOWN)))
    return sorted(
        (
            tuple(each.date() if isinstance(each, datetime) else each for each in row)
            for row in found
        ),
        key=str,
    )


@given(st.lists(facts(), max_size=12), st.randoms(), st.sampled_from([None, NOW]))
def test_adding_up_knows_no_order(
    said: list[LmsFact], chance: random.Random, enrolled: Any
) -> None:
    def total(in_order: list[LmsFact]) -> LmsState:
        state = LmsState()
        for fact in in_order:
            state = added(state, fact, enrolled)
        return state

    once = total(said)
    shuffled = chance.sample(said, len(said))
    assert total(shuffled) == once
    assert total([*shuffled, *said]) == once


@given(
    said=st.lists(facts(), min_size=1, max_size=8),
    chance=st.randoms(),
    size=st.integers(1, 8),
    is_paid=st.booleans(),
)
def test_what_is_stored_knows_no_order(
    acme: Database, said: list[LmsFact], chance: random.Random, size: int, is_paid: bool
) -> None:
    def stored(in_order: list[LmsFact]) -> list[Any]:
        with undone(acme) as session:
            if is_paid:
                pay(session)
            for some in batched(in_order, size):
                take_facts(session, ACTOR, some, source=ReportSource.PUSH, at=after(100))
            return shown(session)

    once = stored(said)
    assert stored(chance.sample(said, len(said))) == once
    assert stored([*said, *chance.sample(said, len(said))]) == once
