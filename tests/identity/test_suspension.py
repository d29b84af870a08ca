"""The clients of a suspended enterprise are refused, and nothing is sent for it."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from bursar import clock
from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.delivery.filter import Filter
from bursar.identity.service import UnknownEnterprise, set_suspended
from bursar.provisioning.export import export
from tests.delivery.world import ACME, NOW, Domain, deliver, mail, post
from tests.delivery.world import settle as settle_mails
from tests.provisioning.test_credit import acme, applied

ACTOR = Actor("test")


def switch(database: Database, uuid: UUID, *, suspended: bool) -> bool:
    with database.transaction() as session:
        return set_suspended(session, ACTOR, uuid, clock.now(), suspended=suspended)


def test_a_change_is_one_once(database: Database) -> None:
    settle_mails(database)
    switched = [switch(database, ACME, suspended=each) for each in (True, True, False, False)]
    assert switched == [True, False, True, False]
    with pytest.raises(UnknownEnterprise):
        switch(database, uuid4(), suspended=True)


def test_mails_wait(database: Database) -> None:
    settle_mails(database)
    (uuid,) = post(database, "ann@example.org")
    switch(database, ACME, suspended=True)
    domain = Domain()
    with clock.frozen_at(NOW):
        assert deliver(database, domain).delivered == 0
        assert mail(database, uuid).status == "pending"
        switch(database, ACME, suspended=False)
        assert deliver(database, domain).delivered == 1


def test_what_was_leased_before_is_not_sent_either(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle_mails(database)
    (uuid,) = post(database, "ann@example.org")
    asked = Domain()
    apply = Filter.apply

    def apply_when_suspended(self: Filter, mails: Any, until: Any) -> Any:
        switch(database, ACME, suspended=True)
        return apply(self, mails, until)

    monkeypatch.setattr(Filter, "apply", apply_when_suspended)
    with clock.frozen_at(NOW):
        assert deliver(database, asked).delivered == 0
    assert mail(database, uuid).status == "pending"


def test_a_manifest_suspends_and_resumes(database: Database) -> None:
    applied(database, acme())
    assert applied(database, acme(suspended=True)).summary == "0 created, 1 changed, 0 unchanged"
    assert applied(database, acme(suspended=True)).summary == "0 created, 0 changed, 1 unchanged"
    # What it does not say stays.
    assert applied(database, acme(country="US")).summary == "0 created, 1 changed, 0 unchanged"
    with database.transaction() as session:
        (exported,) = export(session, UUID(acme()["uuid"]))["enterprises"]
    assert exported["suspended"] is True
    assert applied(database, acme(suspended=False)).summary == "0 created, 1 changed, 0 unchanged"
