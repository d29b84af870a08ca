"""Two addresses of one account are one seat in the LMS, which ends with the last of them."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from bursar.database.engine import Database
from bursar.enrollment.direct import working
from bursar.enrollment.service import end_enrollments
from bursar.learners.commands import DeclaredLearner
from bursar.learners.models import Learner
from bursar.learners.service import put_learners
from testing.worlds.bulk_enrollment import ACME, ACTOR, ANA, OPEN, Lms
from tests.enrollment.direct.calling import (
    ask,
    leave,
    seats,
    states,
    wish,
    work,
)

OTHER = "ana.lee@acme.example"


def held(database: Database) -> set[str]:
    return {email for email, *_ in seats(database)}


@pytest.fixture
def shared(acme: Database) -> Database:
    """Ana is enrolled by both of her addresses."""
    with acme.transaction() as session:
        known = [DeclaredLearner(email=OTHER, lms_user_id=501)]
        put_learners(session, ACTOR, ACME, known)
    ask(acme, wish(ANA), wish(OTHER))
    work(acme, Lms())
    assert held(acme) == {ANA, OTHER}
    return acme


def test_the_last_address_that_leaves_ends_it(shared: Database) -> None:
    lms = Lms()
    ask(shared, leave(ANA))
    work(shared, lms)
    assert (lms.ended, held(shared)) == ([], {OTHER})
    ask(shared, leave(OTHER))
    work(shared, lms)
    assert ([each.email for each in lms.ended], held(shared)) == ([OTHER], set())


def test_two_that_leave_together_end_it_once(shared: Database) -> None:
    lms = Lms()
    ask(shared, leave(ANA), leave(OTHER))
    work(shared, lms)
    assert (len(lms.ended), held(shared)) == (1, set())
    assert set(states(shared).values()) == {(False, "done")}


def test_who_stays_alone_meanwhile_is_ended_in_the_lms_too(
    shared: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    record: Callable[..., None] = working._record
    lms = Lms()

    def after_the_other_has_left(*arguments: object) -> None:
        monkeypatch.setattr(working, "_record", record)
        with shared.transaction() as session:
            (other,) = session.scalars(select(Learner.id).where(Learner.email == OTHER))
            end_enrollments(session, ACTOR, ACME, places=[(other, OPEN)])
        record(*arguments)

    monkeypatch.setattr(working, "_record", after_the_other_has_left)
    ask(shared, leave(ANA))
    work(shared, lms)
    assert ([each.email for each in lms.ended], held(shared)) == ([ANA], set())
