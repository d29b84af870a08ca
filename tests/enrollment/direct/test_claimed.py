"""The page of a learner whom a client has enrolled; on both databases."""

from collections.abc import Collection
from uuid import uuid4

import pytest

from bursar import clock
from bursar.claim_pages.forms import Action, Form
from bursar.claim_pages.work import ClaimWork, Taken
from bursar.claims.looks import DeclaredLook, declare_look
from bursar.claims.refusals import ClaimRefused
from bursar.claims.service import UnknownClaim, look
from bursar.claims.tokens import Claim, ClaimKind
from bursar.claims.views import ClaimState, ClaimView, Obstacle
from bursar.claims.waiting import is_any_waiting
from bursar.database.engine import Database
from bursar.people.service import erase_person
from testing.worlds.bulk_enrollment import ACME, ACTOR, ANA, BOB, OPEN, Lms
from tests.enrollment.direct.calling import (
    LmsWithoutAccounts,
    ask,
    leave,
    seats,
    wish,
    wishes,
    work,
)


class Accounts:
    """An LMS in which only these addresses have an account."""

    def __init__(self, *known: str) -> None:
        self.known = set(known)

    def accounts_among(self, emails: Collection[str]) -> set[str]:
        return self.known & set(emails)

    def close(self) -> None:
        pass


def claim_of(database: Database, email: str = ANA) -> Claim:
    row = wishes(database)[email, OPEN]
    return Claim(ClaimKind.ENROLLMENT, row.uuid, clock.now())


def seen(database: Database, claim: Claim) -> ClaimView:
    with database.read() as connection:
        return look(connection, claim)


def pressed(database: Database, claim: Claim, *known: str, form: Form | None = None) -> Taken:
    accounts = Accounts(*known)
    return ClaimWork(database, lambda: accounts).take(ACTOR, claim, form or Form())


def test_whoever_is_enrolled_goes_on_to_the_course(acme: Database) -> None:
    ask(acme, wish(ANA))
    claim = claim_of(acme)
    assert seen(acme, claim).state is ClaimState.UNDER_WAY
    assert pressed(acme, claim, ANA).goes_on_to is None
    work(acme)
    view = seen(acme, claim)
    assert (view.state, view.title, view.run_key) == (ClaimState.DONE, "Open", OPEN)
    before = seats(acme)
    for _ in range(2):
        assert pressed(acme, claim, ANA).goes_on_to == OPEN
    assert seats(acme) == before


def test_whoever_has_no_account_is_sent_to_register(acme: Database) -> None:
    ask(acme, wish(BOB), asks_lms=True)
    work(acme, LmsWithoutAccounts())
    claim = claim_of(acme, BOB)
    assert seen(acme, claim).state is ClaimState.WAITING
    assert pressed(acme, claim).is_waiting
    again = pressed(acme, claim, BOB)
    assert (again.is_waiting, again.view.state) == (False, ClaimState.WAITING)
    assert not is_any_waiting(acme)


def test_who_has_left_or_was_refused_is_told(acme: Database) -> None:
    ask(acme, wish(ANA))
    work(acme)
    claim = claim_of(acme)
    ask(acme, leave(ANA))
    assert seen(acme, claim).obstacle is Obstacle.WITHDRAWN
    work(acme)
    ask(acme, wish(BOB), asks_lms=True)
    work(acme, Lms(refusals={BOB: "full"}))
    refused = claim_of(acme, BOB)
    assert seen(acme, refused).obstacle is Obstacle.FAILED
    for each in (claim, refused):
        with pytest.raises(ClaimRefused):
            pressed(acme, each, ANA, BOB)


def test_the_consent_is_given_there(acme: Database) -> None:
    ask(acme, wish(ANA))
    work(acme)
    claim = claim_of(acme)
    with acme.transaction() as session:
        declared = DeclaredLook(ask_consent=True)
        declare_look(session, ACTOR, ACME, declared, at=clock.now())
    assert seen(acme, claim).consents is False
    assert pressed(acme, claim, form=Form(action=Action.SHARE)).stays
    assert seen(acme, claim).consents is True


def test_what_is_no_such_enrollment_is_unknown(acme: Database) -> None:
    ask(acme, wish(ANA))
    work(acme)
    claim = claim_of(acme)
    others = [
        Claim(ClaimKind.ENROLLMENT, uuid4(), clock.now()),
        Claim(ClaimKind.LICENSE, claim.subject_uuid, clock.now()),
        Claim(ClaimKind.ASSIGNMENT, claim.subject_uuid, clock.now()),
    ]
    for each in others:
        with pytest.raises(UnknownClaim):
            seen(acme, each)
    with pytest.raises(UnknownClaim):
        pressed(acme, claim, ANA, form=Form(course_key="edX+Any"))
    with acme.transaction() as session:
        erase_person(session, ACTOR, ACME, ANA, clock.now())
    with pytest.raises(UnknownClaim):
        seen(acme, claim)
