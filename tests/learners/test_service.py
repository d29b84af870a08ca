"""Learners by e-mail: found, made and declared, any number in a handful of statements."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.database.types import AnyRow
from bursar.events.event import News, Subscription
from bursar.events.models import EventRecord
from bursar.identity.service import DeclaredEnterprise, put_enterprise
from bursar.learners.commands import DeclaredLearner
from bursar.learners.events import LearnerConsentChanged, LearnerLinked
from bursar.learners.service import (
    LearnerRecord,
    PutResult,
    ensure_learners,
    find_learner,
    find_learners,
    get_learners,
    list_learners,
    put_learners,
)
from testing.databases.statements import statements_of

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
ACME = UUID("66b5922b-a22b-4a7b-b587-d4af0378bd6f")
GLOBEX = UUID("00000000-0000-4000-8000-000000000001")
ACTOR = Actor("test", "request-1")
ANA, BOB = "ana@acme.example", "bob@acme.example"
EVERYTHING = {
    "email": ANA,
    "lms_user_id": 501,
    "username": "ana",
    "sso_uid": "a-501",
    "country": "US",
    "created": LONG_AGO,
    "consent": True,
}


@pytest.fixture
def acme(database: Database) -> Database:
    with database.transaction() as session:
        for number, uuid in enumerate((ACME, GLOBEX)):
            declared = DeclaredEnterprise(uuid=uuid, name="E", slug=f"e{number}")
            put_enterprise(session, ACTOR, declared, at=NOW)
    database.info[News.KEY] = News()
    return database


def put(session: Session, *learners: dict[str, Any], now: datetime = NOW) -> PutResult:
    declared = [DeclaredLearner(**learner) for learner in learners]
    return put_learners(session, ACTOR, ACME, declared, at=now)


def ana(session: Session) -> LearnerRecord:
    learner = find_learner(session, ACME, email=ANA)
    assert learner is not None
    return learner


def trail(session: Session) -> list[AnyRow]:
    """Of learners, oldest first."""
    table = EventRecord.__table__
    statement = select(table).where(table.c.object_type == "learner").order_by(table.c.id)
    return list(session.execute(statement))


class TestFinding:
    def test_case_and_spaces_around_an_address_make_no_difference(self, acme: Database) -> None:
        with acme.transaction() as session:
            put(session, {"email": " Ana@ACME.example "})
            assert ana(session).email == ANA
            found = find_learners(session, ACME, ["ANA@acme.example", f" {ANA}\n", BOB])
            assert found == {ANA: ana(session)}
            assert find_learner(session, ACME, email="\tANA@acme.EXAMPLE") == ana(session)

    def test_another_enterprise_s_learner_is_unknown(self, acme: Database) -> None:
        with acme.transaction() as session:
            put(session, {"email": ANA, "lms_user_id": 7})
            assert find_learners(session, GLOBEX, [ANA]) == {}
            assert find_learner(session, GLOBEX, email=ANA) is None
            assert find_learner(session, GLOBEX, lms_user_id=7) is None
            assert list_learners(session, GLOBEX) == []

    def test_of_several_with_an_account_the_oldest_is_found(self, acme: Database) -> None:
        with acme.transaction() as session:
            put(session, {"email": BOB, "lms_user_id": 7})
            put(session, {"email": ANA, "lms_user_id": 7})
            put(session, {"email": "cy@acme.example", "lms_user_id": 8})
            found = find_learner(session, ACME, lms_user_id=7)
            assert found is not None
            assert found.email == BOB
            assert find_learner(session, ACME, lms_user_id=9) is None

    def test_neither_an_address_nor_an_account_finds_nobody(self, acme: Database) -> None:
        with acme.transaction() as session:
            put(session, {"email": ANA})
            assert find_learner(session, ACME) is None

    def test_all_are_listed_by_address(self, acme: Database) -> None:
        with acme.transaction() as session:
            put(session, {"email": BOB}, {"email": ANA})
            assert [learner.email for learner in list_learners(session, ACME)] == [ANA, BOB]

    def test_they_are_found_by_id(self, acme: Database) -> None:
        with acme.transaction() as session:
            put(session, {"email": ANA}, {"email": BOB})
            learner_id = ana(session).id
            assert get_learners(session, [learner_id]) == {learner_id: ana(session)}


class TestEnsuring:
    def test_unknown_ones_are_made_without_account_or_consent(self, acme: Database) -> None:
        with acme.transaction() as session:
            made = ensure_learners(session, ACME, [ANA], NOW)[ANA]
            assert (made.lms_user_id, made.consent, made.created_at) == (None, False, NOW)

    def test_known_ones_stay_as_they_are(self, acme: Database) -> None:
        with acme.transaction() as session:
            put(session, EVERYTHING)
            before = ana(session)
            found = ensure_learners(session, ACME, [ANA.upper(), f" {BOB}", BOB], LATER)
            assert list(found) == [ANA, BOB]
            assert found[ANA] == before
            again = ensure_learners(session, ACME, [ANA, BOB], LATER + timedelta(hours=1))
            assert again == found

    def test_a_thousand_take_a_handful_of_statements(self, acme: Database) -> None:
        emails = [f"l{number}@acme.example" for number in range(1000)]
        with acme.transaction() as session, statements_of(acme) as seen:
            assert len(ensure_learners(session, ACME, emails, NOW)) == 1000
            assert len(seen) <= 4
        with acme.transaction() as session, statements_of(acme) as seen:
            assert len(ensure_learners(session, ACME, emails, NOW)) == 1000
            assert len(seen) == 1

    def test_more_than_one_statement_holds(self, acme: Database) -> None:
        emails = [f"l{number}@acme.example" for number in range(10_001)]
        with acme.transaction() as session:
            assert len(ensure_learners(session, ACME, emails, NOW)) == 10_001
            found = find_learners(session, ACME, emails)
            assert len(found) == 10_001
            assert len(get_learners(session, [one.id for one in found.values()])) == 10_001

    def test_nobody_takes_no_statement(self, acme: Database) -> None:
        with acme.transaction() as session, statements_of(acme) as seen:
            assert ensure_learners(session, ACME, [], NOW) == {}
            assert put(session) == PutResult(0, 0, 0)
            assert seen == []


class TestDeclaring:
    def test_everything_that_is_declared_is_kept(self, acme: Database) -> None:
        with acme.transaction() as session:
            assert put(session, EVERYTHING) == PutResult(1, 0, 0)
            assert ana(session) == LearnerRecord(
                id=ana(session).id,
                enterprise_uuid=ACME,
                email=ANA,
                lms_user_id=501,
                username="ana",
                sso_uid="a-501",
                country="US",
                consent=True,
                created_at=LONG_AGO,
            )

    def test_a_second_time_changes_nothing(self, acme: Database) -> None:
        with acme.transaction() as session:
            put(session, EVERYTHING, {"email": BOB})
            entries = len(trail(session))
            again = put(session, EVERYTHING, {"email": BOB}, now=LATER)
            assert again == PutResult(0, 0, 2)
            assert len(trail(session)) == entries

    def test_what_is_not_named_stays(self, acme: Database) -> None:
        with acme.transaction() as session:
            put(session, EVERYTHING)
            before = ana(session)
            assert put(session, {"email": ANA}, now=LATER) == PutResult(0, 0, 1)
            put(session, {"email": ANA, "username": "ana2"}, now=LATER)
            assert ana(session).username == "ana2"
            assert (ana(session).country, ana(session).created_at) == ("US", before.created_at)

    def test_a_null_sets_null_or_the_default(self, acme: Database) -> None:
        nulls = dict.fromkeys(EVERYTHING) | {"email": ANA}
        with acme.transaction() as session:
            put(session, EVERYTHING)
            assert put(session, nulls, now=LATER) == PutResult(0, 1, 0)
            learner = ana(session)
            assert (learner.lms_user_id, learner.username, learner.sso_uid) == (None, None, None)
            assert (learner.country, learner.consent, learner.created_at) == (None, False, LONG_AGO)
            assert put(session, nulls, now=LATER) == PutResult(0, 0, 1)

    def test_a_new_one_with_nulls_has_the_defaults(self, acme: Database) -> None:
        with acme.transaction() as session:
            put(session, {"email": ANA, "consent": None, "created": None})
            assert (ana(session).consent, ana(session).created_at) == (False, NOW)

    def test_accounts_that_became_known_are_told(self, acme: Database) -> None:
        told: list[tuple[str, int]] = []

        def hear(
            _session: Session, _actor: Actor, events: Sequence[LearnerLinked], at: datetime
        ) -> None:
            assert at == NOW
            told.extend((event.email, event.lms_user_id) for event in events)

        acme.info[News.KEY] = News([Subscription(LearnerLinked, (hear,))])
        with acme.transaction() as session:
            put(session, {"email": ANA, "lms_user_id": 1}, {"email": BOB})
            assert told == [(ANA, 1)]
            put(
                session,
                {"email": f" {BOB.upper()}", "lms_user_id": 2},
                {"email": ANA, "lms_user_id": 1, "country": "DE"},
                {"email": "cy@acme.example", "lms_user_id": 3},
                {"email": "dee@acme.example"},
            )
            assert sorted(told[1:]) == [(BOB, 2), ("cy@acme.example", 3)]
            put(session, {"email": ANA, "lms_user_id": 9})
            assert told[3:] == [(ANA, 9)]
            put(session, {"email": ANA, "lms_user_id": None})
            assert len(told) == 4

    def test_consent_of_those_who_were_known_is_told(self, acme: Database) -> None:
        told: list[str] = []

        def hear(
            _session: Session, _actor: Actor, events: Sequence[LearnerConsentChanged], _at: datetime
        ) -> None:
            told.extend(event.email for event in events)

        acme.info[News.KEY] = News([Subscription(LearnerConsentChanged, (hear,))])
        with acme.transaction() as session:
            put(session, EVERYTHING)
            assert told == []
            put(session, {"email": ANA, "consent": False}, {"email": BOB, "consent": True})
            put(session, {"email": ANA, "consent": False, "country": "DE"})
            assert told == [ANA]

    def test_of_equal_addresses_the_last_one_counts(self, acme: Database) -> None:
        with acme.transaction() as session:
            put(session, {"email": ANA, "country": "US"}, {"email": ANA.upper(), "country": "DE"})
            assert ana(session).country == "DE"

    def test_the_trail_names_learners_by_id_and_no_address(self, acme: Database) -> None:
        with acme.transaction() as session:
            put(session, EVERYTHING, {"email": BOB, "country": "US"})
            put(session, {"email": ANA, "country": "DE", "username": "ana"}, {"email": BOB})
            learner_id = str(ana(session).id)
            of_ana = [entry for entry in trail(session) if entry.object_id == learner_id]
            assert [entry.type for entry in of_ana] == [
                "learner.created",
                "learner.linked",
                "learner.changed",
            ]
            assert (of_ana[2].enterprise_uuid, of_ana[2].request_id) == (ACME, "request-1")
            assert of_ana[2].changes == {"country": ["US", "DE"]}
            assert all("@" not in str(entry.changes) for entry in trail(session))

    def test_without_consent_nothing_of_the_person_is_kept_in_the_log(self, acme: Database) -> None:
        with acme.transaction() as session:
            put(session, {**EVERYTHING, "consent": False})
            put(session, {"email": ANA, "country": "DE"})
            for entry in trail(session):
                kept = {name: value for name, value in (entry.data or {}).items() if value}
                assert kept == {"id": ana(session).id}
                assert set(map(tuple, entry.changes.values())) <= {(None, None)}

    @pytest.mark.parametrize("learner", [{"email": ANA, "nickname": "a"}, {"lms_user_id": 1}])
    def test_what_is_no_learner_is_refused(self, acme: Database, learner: dict[str, Any]) -> None:
        with acme.transaction() as session:
            with pytest.raises(TypeError, match="DeclaredLearner"):
                put(session, {"email": BOB}, learner)
            assert list_learners(session, ACME) == []

    def test_a_thousand_take_a_handful_of_statements(self, acme: Database) -> None:
        new = [{"email": f"l{n}@acme.example", "lms_user_id": n} for n in range(1000)]
        other = [{**learner, "country": "DE"} for learner in new]
        with acme.transaction() as session, statements_of(acme) as seen:
            assert put(session, *new).created == 1000
            assert len(seen) <= 4
        with acme.transaction() as session, statements_of(acme) as seen:
            assert put(session, *other).changed == 1000
            assert len(seen) <= 4
        with acme.transaction() as session, statements_of(acme) as seen:
            assert put(session, *other).unchanged == 1000
            assert len(seen) == 1
