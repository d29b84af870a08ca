"""Licenses as claims, on both databases."""

from uuid import UUID

import pytest

from bursar.actors import Actor
from bursar.claims.service import ClaimRefused, ClaimView, UnknownClaim, accept, look
from bursar.claims.tokens import Claim, ClaimKind
from bursar.claims.views import ClaimState, Obstacle
from bursar.database.engine import Database
from testing.together import at_once
from testing.worlds.subscriptions import (
    NOW,
    PLAN,
    assign,
    build,
    change,
    counts,
    days,
    emails,
    licenses_of,
    plan,
    revoke,
)

ACTOR = Actor("claim page")
(ANA,) = emails(1)


@pytest.fixture
def claim(database: Database) -> Claim:
    with database.transaction() as session:
        build(session)
        plan(session)
        assign(session, [ANA])
        (license_,) = licenses_of(session, PLAN, "assigned")
        return claim_of(license_.uuid)


def claim_of(uuid: UUID) -> Claim:
    return Claim(ClaimKind.LICENSE, uuid, NOW)


def seen(database: Database, claim: Claim, at: float = 0) -> ClaimView:
    with database.read() as connection:
        return look(connection, claim, at=days(at))


def taken(database: Database, claim: Claim, at: float = 0) -> ClaimView:
    with database.transaction() as session:
        return accept(session, ACTOR, claim, at=days(at))


def test_a_license_is_activated_once(database: Database, claim: Claim) -> None:
    assert seen(database, claim).state is ClaimState.OFFERED
    views = at_once([lambda: taken(database, claim)] * 2)
    assert {view.state for view in (*views, seen(database, claim))} == {ClaimState.DONE}
    with database.transaction() as session:
        assert counts(session)[1:] == (0, 1, 0)


def test_looking_activates_nothing(database: Database, claim: Claim) -> None:
    seen(database, claim)
    with database.transaction() as session:
        assert counts(session)[1:] == (1, 0, 0)


def test_a_revoked_license_is_over(database: Database, claim: Claim) -> None:
    with database.transaction() as session:
        revoke(session, [ANA])
    view = seen(database, claim)
    assert (view.state, view.obstacle) == (ClaimState.OVER, Obstacle.WITHDRAWN)
    with pytest.raises(ClaimRefused):
        taken(database, claim)


def test_a_license_that_nobody_was_given_is_unknown(database: Database, claim: Claim) -> None:
    with database.transaction() as session:
        free = licenses_of(session, PLAN, "unassigned")[0].uuid
    with pytest.raises(UnknownClaim):
        seen(database, claim_of(free))
    with pytest.raises(UnknownClaim):
        seen(database, Claim(ClaimKind.ASSIGNMENT, claim.subject_uuid, NOW))


def test_a_plan_that_is_over_or_closed_or_not_begun(database: Database, claim: Claim) -> None:
    late = seen(database, claim, at=10_000)
    assert (late.state, late.obstacle) == (ClaimState.OVER, Obstacle.PLAN_ENDED)
    early = seen(database, claim, at=-10_000)
    assert (early.state, early.obstacle) == (ClaimState.REFUSED, Obstacle.PLAN_NOT_STARTED)
    assert early.obstacle_at is not None
    assert early.obstacle_at < NOW
    with database.transaction() as session:
        change(session, is_active=False)
    closed = seen(database, claim)
    assert (closed.state, closed.obstacle) == (ClaimState.REFUSED, Obstacle.PLAN_CLOSED)
    with pytest.raises(ClaimRefused):
        taken(database, claim)
    with database.transaction() as session:
        assert counts(session)[1:] == (1, 0, 0)
