"""Learners whom the LMS has enrolled in its free mode are moved to the paid one."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from pydantic import SecretStr

from bursar.connectors.openedx.adapter import OpenEdxGateway
from bursar.connectors.openedx.client import LmsAccess
from bursar.database.engine import Database
from bursar.enrollment.progress.upgrading import UPGRADE, upgrade_seats
from bursar.learners.appearing import LmsAccount, note_accounts
from testing.fakes.lms import CLIENT_ID, CLIENT_SECRET, FakeLms, Trouble, running_lms
from testing.jobs import names
from testing.worlds.progress import ACME, ACTOR, ANA, BEN, CYD, RUN, enroll, row


@dataclass
class Campus:
    database: Database
    lms: FakeLms
    gateway: OpenEdxGateway

    def upgrade(self) -> int:
        return upgrade_seats(self.database, self.gateway)

    def appear(self, email: str, number: int, username: str) -> None:
        with self.database.transaction() as session:
            account = LmsAccount(email, number, username)
            assert note_accounts(session, ACTOR, ACME, [account]) == 1
            assert note_accounts(session, ACTOR, ACME, [account]) == 0


@pytest.fixture
def campus(acme: Database) -> Iterator[Campus]:
    lms = FakeLms()
    lms.accounts = {ANA: "ana", BEN: "ben"}
    with running_lms(lms) as url:
        access = LmsAccess(url, CLIENT_ID, SecretStr(CLIENT_SECRET), attempts=1)
        gateway = OpenEdxGateway(access, sleep=list[float]().append)
        yield Campus(acme, lms, gateway)
        gateway.close()


def test_an_account_that_appears_has_its_seat_moved(campus: Campus) -> None:
    enroll(campus.database, CYD, mode="audit")
    assert campus.upgrade() == 0
    assert names(campus.database).count(UPGRADE) == 0
    campus.lms.register(CYD, "cyd")
    campus.appear(CYD, 503, "cyd")
    assert names(campus.database).count(UPGRADE) == 1
    assert campus.upgrade() == 1
    assert row(campus.database, CYD)["mode"] == "verified"
    assert campus.lms.enrollments["cyd", RUN]["mode"] == "verified"
    assert campus.upgrade() == 0


def test_what_the_lms_refuses_is_tried_again_and_keeps_nobody_waiting(campus: Campus) -> None:
    enroll(campus.database, ANA, BEN, mode="audit")
    campus.lms.broken_users = {"ana"}
    assert campus.upgrade() == 1
    assert (row(campus.database, ANA)["mode"], row(campus.database, BEN)["mode"]) == (
        "audit",
        "verified",
    )
    campus.lms.broken_users = set()
    assert campus.upgrade() == 1


def test_an_account_of_nobody_is_left_aside(campus: Campus) -> None:
    with campus.database.transaction() as session:
        stranger = LmsAccount("zoe@elsewhere.example", 900, "zoe")
        assert note_accounts(session, ACTOR, ACME, [stranger]) == 0


def test_a_paid_mode_is_not_asked_for_again(campus: Campus) -> None:
    enroll(campus.database, ANA)
    campus.lms.script(Trouble(on="enroll", status=500))
    assert campus.upgrade() == 0
    assert campus.lms.calls["enroll"] == 0
