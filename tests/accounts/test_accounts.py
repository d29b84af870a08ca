"""People of the console, on both databases."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from bursar import clock
from bursar.accounts import service
from bursar.accounts.commands import CONFIRMED, IDLE, LINK_VALID, LONGEST
from bursar.accounts.forgetting import forget_sign_ins
from bursar.accounts.models import ConsoleLink, ConsoleSession, ConsoleUser
from bursar.accounts.refusals import (
    LastOne,
    LinkGone,
    TooManyAttempts,
    UnknownPerson,
    WeakPassword,
    WrongCredentials,
)
from bursar.accounts.service import Browser, ConsoleRole, Invite, SignedIn
from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.events.models import EventRecord
from bursar.identity.sealing import Seal
from bursar.identity.service import UnknownEnterprise
from testing.clients.browsing import PASSWORD
from testing.worlds.credit import enterprise

ACTOR = Actor("operator:test")
NOW = clock.now()
SECOND = timedelta(seconds=1)
ADA = "ada@example.org"


@pytest.fixture
def acme(database: Database) -> UUID:
    with database.transaction() as session:
        return enterprise(session)


def browser(address: str = "192.0.2.1") -> Browser:
    return Browser(address, "Test")


def invite(
    database: Database,
    where: UUID | None,
    role: ConsoleRole = ConsoleRole.ADMIN,
    *,
    email: str = ADA,
    asks_password: bool = True,
) -> str:
    with database.transaction() as session:
        command = Invite(email, where, role, asks_password)
        return service.invite(session, ACTOR, command, at=NOW)


def opened(database: Database, where: UUID | None, email: str = ADA) -> str:
    """The cookie of somebody with PASSWORD."""
    role = ConsoleRole.OPERATOR if where is None else ConsoleRole.ADMIN
    link = invite(database, where, role, email=email)
    return service.use_link(database, link, PASSWORD, browser(), at=NOW)


def who(database: Database, cookie: str, after: timedelta = timedelta()) -> SignedIn | None:
    with database.read() as connection:
        return service.signed_in(connection, cookie, NOW + after)


def known(database: Database, cookie: str) -> SignedIn:
    found = who(database, cookie)
    assert found is not None
    return found


def test_a_link_signs_in_once_with_the_role_that_was_given(database: Database, acme: UUID) -> None:
    link = invite(database, acme, ConsoleRole.VIEWER)
    cookie = service.use_link(database, link, PASSWORD, browser(), at=NOW)
    found = known(database, cookie)
    assert (found.email, dict(found.roles)) == (ADA, {acme: ConsoleRole.VIEWER})
    assert not found.is_operator
    with pytest.raises(LinkGone):
        service.use_link(database, link, PASSWORD, browser(), at=NOW)


def test_nothing_that_is_stored_signs_in(database: Database, acme: UUID) -> None:
    link = invite(database, acme)
    cookie = service.use_link(database, link, PASSWORD, browser(), at=NOW)
    with database.transaction() as session:
        stored = [
            *session.scalars(select(ConsoleLink.digest)),
            *session.scalars(select(ConsoleSession.digest)),
            session.scalars(select(ConsoleUser.password_hash)).one(),
        ]
    assert not {link, cookie, PASSWORD} & set(stored)
    for each in stored:
        assert who(database, str(each)) is None


def test_a_weak_password_leaves_the_link_as_it_is(database: Database, acme: UUID) -> None:
    link = invite(database, acme)
    with pytest.raises(WeakPassword):
        service.use_link(database, link, "password1234", browser(), at=NOW)
    assert service.use_link(database, link, PASSWORD, browser(), at=NOW)


def test_a_link_grows_old(database: Database, acme: UUID) -> None:
    link = invite(database, acme)
    with pytest.raises(LinkGone):
        service.use_link(database, link, PASSWORD, browser(), at=NOW + LINK_VALID)


def test_a_session_ends_when_it_is_not_used_and_at_last_in_any_case(
    database: Database, acme: UUID
) -> None:
    cookie = opened(database, acme)
    assert who(database, cookie, IDLE - SECOND)
    assert who(database, cookie, IDLE) is None
    after = timedelta()
    while after < LONGEST - IDLE:
        after += IDLE - SECOND
        found = who(database, cookie, after)
        assert found
        service.note_use(database, found, at=NOW + after)
    assert who(database, cookie, LONGEST) is None


def test_each_signing_in_has_a_session_of_its_own(database: Database, acme: UUID) -> None:
    first = opened(database, acme)
    second = service.sign_in(database, f" {ADA.upper()}", PASSWORD, browser(), at=NOW)
    assert first != second
    with database.read() as connection:
        sessions = service.list_sessions(connection, known(database, first).user_uuid, NOW)
    assert len(sessions) == 2
    with database.transaction() as session:
        service.sign_out(session, known(database, first), at=NOW)
    assert who(database, first) is None
    assert who(database, second)


def test_nobody_ends_the_session_of_somebody_else(database: Database, acme: UUID) -> None:
    ada, eve = opened(database, acme), opened(database, acme, "eve@example.org")
    theirs = known(database, ada).session_uuid
    with database.transaction() as session:
        assert not service.end_session(session, known(database, eve), theirs, at=NOW)
    assert who(database, ada)


def test_wrong_passwords_and_unknown_accounts_are_told_alike(
    database: Database, acme: UUID
) -> None:
    opened(database, acme)
    invite(database, acme, email="nopassword@example.org")
    said = set()
    for email in (ADA, "nobody@example.org", "nopassword@example.org", "no address\x00"):
        with pytest.raises(WrongCredentials) as refused:
            service.sign_in(database, email, "wrong", browser(), at=NOW)
        said.add(str(refused.value))
    assert len(said) == 1


@pytest.mark.parametrize("email", [ADA, "nobody@example.org"])
def test_attempts_are_limited_by_account_and_address(
    database: Database, acme: UUID, email: str
) -> None:
    opened(database, acme)
    for _ in range(service.LIMITS.for_client):
        with pytest.raises(WrongCredentials):
            service.sign_in(database, email, "wrong", browser(), at=NOW)
    with pytest.raises(TooManyAttempts):
        service.sign_in(database, email, PASSWORD, browser(), at=NOW)
    if email == ADA:
        # From elsewhere, and a minute later, its owner still gets in.
        assert service.sign_in(database, email, PASSWORD, browser("192.0.2.2"), at=NOW)
        later = NOW + timedelta(minutes=2)
        assert service.sign_in(database, email, PASSWORD, browser(), at=later)


def test_proof_lasts_for_half_an_hour(database: Database, acme: UUID) -> None:
    cookie = opened(database, acme)
    late = NOW + CONFIRMED
    found = known(database, cookie)
    assert found.is_confirmed(late - SECOND)
    assert not found.is_confirmed(late)
    with pytest.raises(WrongCredentials):
        service.confirm(database, Seal(), found, "wrong", "192.0.2.1", at=late)
    service.confirm(database, Seal(), found, PASSWORD, "192.0.2.1", at=late)
    again = who(database, cookie, CONFIRMED)
    assert again
    assert again.is_confirmed(late)


def test_another_password_ends_every_other_session_and_link(database: Database, acme: UUID) -> None:
    cookie, other = opened(database, acme), ""
    other = service.sign_in(database, ADA, PASSWORD, browser(), at=NOW)
    link = invite(database, acme)
    service.choose_password(
        database, known(database, cookie), PASSWORD + "!", request_id="r", at=NOW
    )
    assert who(database, cookie)
    assert who(database, other) is None
    with pytest.raises(LinkGone):
        service.use_link(database, link, PASSWORD, browser(), at=NOW)
    with pytest.raises(WrongCredentials):
        service.sign_in(database, ADA, PASSWORD, browser(), at=NOW)


def test_whoever_loses_the_last_role_is_signed_out(database: Database, acme: UUID) -> None:
    cookie = opened(database, acme)
    ada = known(database, cookie)
    invite(database, None, ConsoleRole.OPERATOR)
    assert known(database, cookie).is_operator
    with database.transaction() as session:
        service.remove(session, ACTOR, ada.user_uuid, None, at=NOW)
    assert not known(database, cookie).is_operator
    with database.transaction() as session:
        service.remove(session, ACTOR, ada.user_uuid, acme, at=NOW)
    assert who(database, cookie) is None
    with pytest.raises(UnknownPerson), database.transaction() as session:
        service.remove(session, ACTOR, ada.user_uuid, acme, at=NOW)


def test_nobody_removes_themselves(database: Database, acme: UUID) -> None:
    ada = known(database, opened(database, acme))
    with pytest.raises(LastOne), database.transaction() as session:
        service.remove(session, service.actor_of(ada.user_uuid), ada.user_uuid, acme, at=NOW)


def test_a_link_to_everything_is_not_for_who_may_do_less(database: Database, acme: UUID) -> None:
    """An administrator who invites an operator would see a link by which they are the operator."""
    invite(database, None, ConsoleRole.OPERATOR)
    command = Invite(ADA, acme, ConsoleRole.VIEWER)
    with database.transaction() as session:
        assert service.invite_here(session, ACTOR, command, at=NOW) is None
        assert service.invite(session, ACTOR, command, at=NOW)
        people = service.list_people(session.connection(), acme)
    assert [each.role for each in people] == [ConsoleRole.VIEWER]
    with database.transaction() as session:
        own = Invite("bob@example.org", acme, ConsoleRole.VIEWER)
        assert service.invite_here(session, ACTOR, own, at=NOW)
        assert service.invite_here(session, ACTOR, own, at=NOW)


def test_a_link_does_not_open_what_was_given_after_it(database: Database, acme: UUID) -> None:
    with database.transaction() as session:
        own = Invite(ADA, acme, ConsoleRole.VIEWER)
        seen = service.invite_here(session, ACTOR, own, at=NOW)
    assert seen
    invite(database, None, ConsoleRole.OPERATOR)
    with pytest.raises(LinkGone):
        service.use_link(database, seen, PASSWORD, browser(), at=NOW)


def test_roles_are_given_where_there_is_something(database: Database, acme: UUID) -> None:
    with pytest.raises(UnknownEnterprise):
        invite(database, uuid4())
    with pytest.raises(ValueError, match="valid email"):
        invite(database, acme, email="no address")
    with pytest.raises(ValueError, match="operator"):
        invite(database, acme, ConsoleRole.OPERATOR)
    with pytest.raises(ValueError, match="operator"):
        invite(database, None, ConsoleRole.ADMIN)


def test_who_did_it_is_told_and_no_address(database: Database, acme: UUID) -> None:
    cookie = opened(database, acme)
    ada = known(database, cookie)
    with database.read() as connection:
        told = connection.execute(
            select(EventRecord.type, EventRecord.actor, EventRecord.changes)
            .where(EventRecord.object_id == str(ada.user_uuid))
            .order_by(EventRecord.id)
        ).all()
    assert [row.type for row in told] == [
        "console_user.invited",
        "console_user.password_changed",
        "console_user.signed_in",
    ]
    assert [row.actor for row in told] == ["operator:test", *[f"user:{ada.user_uuid}"] * 2]
    assert ADA not in str(told)


def test_people_are_listed_with_their_roles(database: Database, acme: UUID) -> None:
    opened(database, acme)
    invite(database, acme, ConsoleRole.VIEWER, email="bob@example.org")
    with database.read() as connection:
        people = service.list_people(connection, acme)
        operators = service.list_people(connection, None)
    assert [(each.email, each.role, each.has_signed_in) for each in people] == [
        (ADA, ConsoleRole.ADMIN, True),
        ("bob@example.org", ConsoleRole.VIEWER, False),
    ]
    assert not operators


def test_what_ended_is_forgotten(database: Database, acme: UUID) -> None:
    opened(database, acme)
    assert forget_sign_ins(database, NOW + LONGEST) == 1  # the link
    assert forget_sign_ins(database, NOW + LONGEST + timedelta(days=2)) == 1
