"""The second factor of people of the console, on both databases."""

from datetime import datetime, timedelta
from uuid import UUID

import pyotp
import pytest
from sqlalchemy import func, select

from bursar import clock
from bursar.accounts import service
from bursar.accounts.commands import CODE_AWAITED, RECOVERY_CODES
from bursar.accounts.forgetting import forget_sign_ins
from bursar.accounts.models import (
    ConsoleEntrance,
    ConsoleRecoveryCode,
    ConsoleSession,
    ConsoleTotp,
)
from bursar.accounts.refusals import (
    CodeAsked,
    EntranceGone,
    KeyClosed,
    NothingToSealTheKeyWith,
    NoTotp,
    SetUpGone,
    TooManyAttempts,
    TotpThere,
    UnknownPerson,
    WrongCode,
    WrongCredentials,
)
from bursar.accounts.service import Browser, ConsoleRole, Invite, SignedIn
from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.events.models import EventRecord
from bursar.identity.sealing import Seal
from testing.clients.browsing import PASSWORD
from testing.worlds.credit import enterprise

ACTOR = Actor("operator:test")
SEAL = Seal(["a secret of this installation, long enough"])
NOW = clock.now()
PERIOD, SECOND = timedelta(seconds=30), timedelta(seconds=1)
ADA, EVE = "ada@example.org", "eve@example.org"
HERE = Browser("192.0.2.1", "Test")


@pytest.fixture
def acme(database: Database) -> UUID:
    with database.transaction() as session:
        return enterprise(session)


class Person:
    """Somebody with a password, an app from the period of NOW on, and recovery codes."""

    def __init__(self, database: Database, where: UUID, email: str = ADA) -> None:
        self.database, self.email = database, email
        command = Invite(email, where, ConsoleRole.ADMIN)
        with database.transaction() as session:
            link = service.invite(session, ACTOR, command, at=NOW)
        self.cookie = service.use_link(database, link, PASSWORD, HERE, at=NOW)

    @property
    def who(self) -> SignedIn:
        found = self.find(self.cookie)
        assert found is not None
        return found

    def find(self, cookie: str) -> SignedIn | None:
        with self.database.read() as connection:
            return service.signed_in(connection, cookie, NOW)

    def begin(self, at: datetime = NOW) -> str:
        return service.begin_totp(self.database, SEAL, self.who, PASSWORD, "192.0.2.1", at=at)

    def confirm(self, key: str, code: str, at: datetime = NOW) -> list[str]:
        with self.database.transaction() as session:
            actor = service.actor_of(self.who.user_uuid)
            return service.confirm_totp(session, SEAL, actor, self.who, key=key, code=code, at=at)

    def set_up(self) -> list[str]:
        self.key = self.begin()
        return self.confirm(self.key, self.code())

    def code(self, at: datetime = NOW) -> str:
        return pyotp.TOTP(self.key).at(at)

    def give_password(self, at: datetime) -> str:
        with pytest.raises(CodeAsked) as asked:
            service.sign_in(self.database, self.email, PASSWORD, HERE, at=at)
        return asked.value.entrance

    def enter(self, entrance: str, code: str, at: datetime, seal: Seal = SEAL) -> str:
        return service.enter_code(self.database, seal, entrance, code, HERE, at=at)


@pytest.fixture
def ada(database: Database, acme: UUID) -> Person:
    return Person(database, acme)


@pytest.fixture
def codes(ada: Person) -> list[str]:
    return ada.set_up()


def wrong(ada: Person, at: datetime) -> str:
    """Six digits that are the code of no period around."""
    right = {ada.code(at + away * PERIOD) for away in range(-3, 4)}
    return next(f"{number:06}" for number in range(9) if f"{number:06}" not in right)


def count(database: Database, table: type) -> int:
    with database.read() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def test_a_code_is_asked_for_after_the_password(
    database: Database, ada: Person, codes: list[str]
) -> None:
    at = NOW + PERIOD
    entrance = ada.give_password(at)
    assert ada.find(entrance) is None
    cookie = ada.enter(entrance, ada.code(at), at)
    assert ada.find(cookie)
    with pytest.raises(EntranceGone):
        ada.enter(entrance, ada.code(at + PERIOD), at + PERIOD)


def test_until_the_app_has_shown_a_code_nothing_asks_for_one(
    database: Database, ada: Person
) -> None:
    ada.begin()
    assert not ada.who.has_totp
    assert service.sign_in(database, ADA, PASSWORD, HERE, at=NOW)


def test_a_wrong_password_says_nothing_of_a_second_factor(
    database: Database, ada: Person, codes: list[str]
) -> None:
    said = set()
    for email in (ADA, "nobody@example.org"):
        with pytest.raises(WrongCredentials) as refused:
            service.sign_in(database, email, "wrong", HERE, at=NOW)
        said.add(str(refused.value))
    assert len(said) == 1
    assert count(database, ConsoleEntrance) == 0


def test_a_code_works_once_and_the_one_of_the_set_up_never_again(
    ada: Person, codes: list[str]
) -> None:
    with pytest.raises(WrongCode):
        ada.enter(ada.give_password(NOW), ada.code(NOW), NOW)
    at = NOW + PERIOD
    assert ada.enter(ada.give_password(at), ada.code(at), at)
    for again in (at, at + PERIOD):
        with pytest.raises(WrongCode):
            ada.enter(ada.give_password(again), ada.code(at), again)


def test_a_recovery_code_works_once_and_only_for_its_owner(
    database: Database, acme: UUID, ada: Person, codes: list[str]
) -> None:
    eve = Person(database, acme, EVE)
    eve.set_up()
    with pytest.raises(WrongCode):
        eve.enter(eve.give_password(NOW), codes[0], NOW)
    typed = codes[0].replace("-", " ").upper()
    assert ada.enter(ada.give_password(NOW), typed, NOW)
    with pytest.raises(WrongCode):
        ada.enter(ada.give_password(NOW), codes[0], NOW)
    with database.read() as connection:
        view = service.find_totp(connection, ada.who.user_uuid)
    assert view
    assert view.codes_left == RECOVERY_CODES - 1


def test_a_link_does_not_stand_for_the_code(
    database: Database, acme: UUID, ada: Person, codes: list[str]
) -> None:
    with database.transaction() as session:
        link = service.invite(session, ACTOR, Invite(ADA, acme, ConsoleRole.ADMIN), at=NOW)
    with pytest.raises(CodeAsked) as asked:
        service.use_link(database, link, PASSWORD + "!", HERE, at=NOW)
    assert count(database, ConsoleSession) == 1
    assert ada.enter(asked.value.entrance, codes[0], NOW)


def test_another_password_ends_what_was_half_done(
    database: Database, ada: Person, codes: list[str]
) -> None:
    entrance = ada.give_password(NOW)
    service.choose_password(database, ada.who, PASSWORD + "!", request_id="r", at=NOW)
    with pytest.raises(EntranceGone):
        ada.enter(entrance, codes[0], NOW)


def test_the_code_has_to_follow_soon(ada: Person, codes: list[str]) -> None:
    entrance = ada.give_password(NOW)
    late = NOW + CODE_AWAITED
    with pytest.raises(EntranceGone):
        ada.enter(entrance, codes[0], late)
    with pytest.raises(EntranceGone):
        ada.enter("unknown", codes[0], NOW)
    assert ada.enter(entrance, codes[0], late - SECOND)


def test_guesses_are_limited_from_wherever_they_come(
    database: Database, ada: Person, codes: list[str]
) -> None:
    at = NOW + PERIOD
    entrance = ada.give_password(at)
    for number in range(5):
        elsewhere = Browser(f"198.51.100.{number}", "Test")
        with pytest.raises(WrongCode):
            service.enter_code(database, SEAL, entrance, wrong(ada, at), elsewhere, at=at)
    with pytest.raises(TooManyAttempts) as refused:
        ada.enter(entrance, ada.code(at), at)
    assert refused.value.seconds == 60
    # Whoever knows the password keeps its owner out by no guesses.
    assert ada.enter(entrance, codes[0], at)
    later = at + timedelta(minutes=1)
    entrance = ada.give_password(later)
    with pytest.raises(WrongCode):
        ada.enter(entrance, wrong(ada, later), later)
    with pytest.raises(TooManyAttempts, match="120 seconds"):
        ada.enter(entrance, ada.code(later), later)
    at_last = later + timedelta(minutes=2)
    assert ada.enter(entrance, ada.code(at_last), at_last)
    # From then on, wrong codes are free again.
    entrance = ada.give_password(at_last)
    with pytest.raises(WrongCode):
        ada.enter(entrance, wrong(ada, at_last), at_last)
    assert ada.enter(entrance, ada.code(at_last + PERIOD), at_last + PERIOD)


def test_attempts_are_limited_by_address_too(ada: Person, codes: list[str]) -> None:
    entrance = ada.give_password(NOW)
    for _ in range(service.LIMITS.for_client):
        with pytest.raises(WrongCode):
            ada.enter(entrance, "no recovery code", NOW)
    with pytest.raises(TooManyAttempts):
        ada.enter(entrance, codes[0], NOW)


def test_a_code_proves_a_person_as_the_password_does(
    database: Database, ada: Person, codes: list[str]
) -> None:
    late = NOW + timedelta(minutes=31)
    assert not ada.who.is_confirmed(late)
    for refused in (wrong(ada, late), codes[0]):
        with pytest.raises((WrongCode, WrongCredentials)):
            service.confirm(database, SEAL, ada.who, refused, "192.0.2.1", at=late)
    service.confirm(database, SEAL, ada.who, ada.code(late), "192.0.2.1", at=late)
    assert ada.who.is_confirmed(late)
    with pytest.raises(WrongCode):
        service.confirm(database, SEAL, ada.who, ada.code(late), "192.0.2.1", at=late)
    service.confirm(database, SEAL, ada.who, PASSWORD, "192.0.2.1", at=late + timedelta(hours=1))
    assert ada.who.is_confirmed(late + timedelta(hours=1))


def test_a_session_alone_sets_nothing_up(database: Database, acme: UUID, ada: Person) -> None:
    with pytest.raises(WrongCredentials):
        service.begin_totp(database, SEAL, ada.who, "wrong", "192.0.2.1", at=NOW)
    ada.key = ada.begin()
    mine = pyotp.random_base32()
    with pytest.raises(SetUpGone):
        ada.confirm(mine, pyotp.TOTP(mine).at(NOW))
    with pytest.raises(SetUpGone):
        ada.confirm("é", "000000")
    with pytest.raises(WrongCode):
        ada.confirm(ada.key, wrong(ada, NOW))
    late = NOW + CODE_AWAITED
    with pytest.raises(SetUpGone):
        ada.confirm(ada.key, ada.code(late), late)
    assert not ada.who.has_totp


def test_setting_up_ends_the_sessions_that_were_opened_without(
    database: Database, ada: Person
) -> None:
    other = service.sign_in(database, ADA, PASSWORD, HERE, at=NOW)
    codes = ada.set_up()
    assert ada.find(other) is None
    assert ada.who.has_totp
    assert len(set(codes)) == RECOVERY_CODES
    with pytest.raises(TotpThere):
        ada.begin()


def test_a_form_that_is_sent_twice_shows_codes_that_work(ada: Person) -> None:
    first = ada.set_up()
    second = ada.confirm(ada.key, ada.code())
    assert not set(first) & set(second)
    with pytest.raises(WrongCode):
        ada.enter(ada.give_password(NOW), first[0], NOW)
    assert ada.enter(ada.give_password(NOW), second[0], NOW)
    with pytest.raises(WrongCode):
        # Still nobody signs in with the code of the set-up.
        ada.enter(ada.give_password(NOW), ada.code(NOW), NOW)


def test_new_recovery_codes_end_the_earlier_ones(
    database: Database, ada: Person, codes: list[str]
) -> None:
    actor = service.actor_of(ada.who.user_uuid)
    with database.transaction() as session:
        renewed = service.renew_codes(session, actor, ada.who, at=NOW)
    assert count(database, ConsoleRecoveryCode) == RECOVERY_CODES
    with pytest.raises(WrongCode):
        ada.enter(ada.give_password(NOW), codes[0], NOW)
    assert ada.enter(ada.give_password(NOW), renewed[0], NOW)


def test_its_owner_turns_it_off(database: Database, ada: Person, codes: list[str]) -> None:
    actor = service.actor_of(ada.who.user_uuid)
    with database.transaction() as session:
        service.remove_totp(session, actor, ada.who.user_uuid, at=NOW)
    assert service.sign_in(database, ADA, PASSWORD, HERE, at=NOW)
    assert count(database, ConsoleRecoveryCode) == 0
    with pytest.raises(NoTotp), database.transaction() as session:
        service.remove_totp(session, actor, ada.who.user_uuid, at=NOW)
    with pytest.raises(NoTotp), database.transaction() as session:
        service.renew_codes(session, actor, ada.who, at=NOW)


def test_an_operator_resets_it_for_whoever_lost_it(
    database: Database, ada: Person, codes: list[str]
) -> None:
    entrance, user = ada.give_password(NOW), ada.who.user_uuid
    with database.transaction() as session:
        service.reset_totp(session, ACTOR, f" {ADA.upper()}", at=NOW)
    assert ada.find(ada.cookie) is None
    with pytest.raises(EntranceGone):
        ada.enter(entrance, codes[0], NOW)
    assert service.sign_in(database, ADA, PASSWORD, HERE, at=NOW)
    for email, refusal in ((ADA, NoTotp), ("nobody@example.org", UnknownPerson)):
        with pytest.raises(refusal), database.transaction() as session:
            service.reset_totp(session, ACTOR, email, at=NOW)
    with database.read() as connection:
        told = connection.execute(
            select(EventRecord.type, EventRecord.actor)
            .where(EventRecord.object_id == str(user), EventRecord.type.contains("totp"))
            .order_by(EventRecord.id)
        ).all()
    assert [tuple(row) for row in told] == [
        ("console_user.totp_set_up", f"user:{user}"),
        ("console_user.totp_removed", "operator:test"),
    ]


def test_nothing_that_is_stored_makes_a_code_or_is_one(
    database: Database, ada: Person, codes: list[str]
) -> None:
    with database.read() as connection:
        rows = [
            *connection.execute(select(ConsoleTotp.sealed)),
            *connection.execute(select(ConsoleRecoveryCode.digest)),
            *connection.execute(select(EventRecord.changes, EventRecord.data)),
        ]
    stored = str(rows)
    for secret in (ada.key, *codes):
        assert secret not in stored
        assert secret.replace("-", "") not in stored


def test_keys_are_sealed_or_not_kept(database: Database, ada: Person) -> None:
    with pytest.raises(NothingToSealTheKeyWith):
        service.begin_totp(database, Seal(), ada.who, PASSWORD, "192.0.2.1", at=NOW)


def test_a_secret_that_is_gone_leaves_recovery_codes_and_a_rotation_seals_again(
    database: Database, ada: Person, codes: list[str]
) -> None:
    other, at = Seal(["another secret"]), NOW + PERIOD
    with pytest.raises(KeyClosed):
        ada.enter(ada.give_password(at), ada.code(at), at, other)
    assert ada.enter(ada.give_password(at), codes[0], at, other)
    with database.transaction() as session:
        service.seal_totp_again(session, Seal([*other.secrets, *SEAL.secrets]))
    assert ada.enter(ada.give_password(at), ada.code(at), at, other)


def test_what_nobody_finished_is_forgotten(
    database: Database, acme: UUID, ada: Person, codes: list[str]
) -> None:
    ada.give_password(NOW)
    Person(database, acme, EVE).begin()
    kept = count(database, ConsoleSession)
    assert count(database, ConsoleTotp) == 2
    assert forget_sign_ins(database, NOW + timedelta(days=2)) == 2
    assert (count(database, ConsoleTotp), count(database, ConsoleEntrance)) == (1, 0)
    assert count(database, ConsoleSession) == kept


def test_nothing_of_a_person_who_has_gone_stays(
    database: Database, acme: UUID, ada: Person, codes: list[str]
) -> None:
    ada.give_password(NOW)
    with database.transaction() as session:
        service.remove(session, ACTOR, ada.who.user_uuid, acme, at=NOW)
    for table in (ConsoleTotp, ConsoleRecoveryCode, ConsoleEntrance):
        assert count(database, table) == 0
