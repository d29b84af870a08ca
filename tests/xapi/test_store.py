"""From an event to a real learning record store, and what follows from its answers."""

from datetime import timedelta
from uuid import UUID

import pytest

from bursar import clock
from bursar.database.engine import Database
from bursar.xapi.models import Identity, Mode
from bursar.xapi.verbs import Verb
from testing.servers.lrs import LearningRecordStore
from tests.xapi.world import (
    ANA,
    BEN,
    LMS,
    RUN,
    attempts,
    connect,
    connection_of,
    consent,
    deliveries,
    end,
    enroll,
    enroll_many,
    make_due,
    make_pending,
    open_enterprise,
    prepare,
    report,
    send,
)


@pytest.fixture
def world(database: Database) -> Database:
    return prepare(database)


@pytest.fixture
def acme(world: Database, lrs: LearningRecordStore) -> UUID:
    enterprise = open_enterprise(world)
    connect(world, enterprise, lrs.endpoint)
    return enterprise


def verbs(lrs: LearningRecordStore) -> list[str]:
    return [each["verb"]["id"].rpartition("/")[2] for each in lrs.statements]


def statuses(world: Database) -> list[tuple[str, str]]:
    return [(row.kind, row.status) for row in deliveries(world)]


def test_what_happens_to_an_enrollment_is_stated_once(
    world: Database, acme: UUID, lrs: LearningRecordStore
) -> None:
    enroll(world, acme, ANA)
    report(world, acme, ANA, current_grade=0.9, has_passed=True)
    end(world, acme, ANA)
    send(world)
    send(world)
    assert verbs(lrs) == ["registered", "passed", "completed", "unregistered"]
    registered, passed, _, _ = lrs.statements
    assert registered["actor"] == {"objectType": "Agent", "mbox": f"mailto:{ANA}"}
    assert registered["object"]["id"] == f"{LMS}/course/{RUN}"
    assert passed["result"]["score"] == {"scaled": 0.9, "raw": 90.0, "min": 0, "max": 100}
    assert len({each["context"]["registration"] for each in lrs.statements}) == 1
    rows = deliveries(world)
    assert {(row.status, row.attempts) for row in rows} == {("delivered", 1)}
    assert {row.recipient for row in rows} == {lrs.endpoint}
    connection = connection_of(world, acme)
    assert connection.succeeded_at is not None
    assert connection.failing_since is None


def test_without_consent_nothing_is_stated(
    world: Database, acme: UUID, lrs: LearningRecordStore
) -> None:
    enroll(world, acme, ANA, BEN)
    report(world, acme, BEN, current_grade=0.9, has_passed=True)
    consent(world, acme, ANA, given=False)
    send(world)
    assert lrs.statements == []
    (row,) = deliveries(world)
    assert (row.status, row.error) == ("dropped", "The person does not consent to it.")


def test_a_repeat_is_harmless(world: Database, acme: UUID, lrs: LearningRecordStore) -> None:
    enroll(world, acme, ANA)
    send(world)
    make_pending(world)
    send(world)
    assert verbs(lrs) == ["registered"]
    assert statuses(world) == [("registered", "delivered")]
    assert [row.status for row in attempts(world)] == [200, 204]


def test_a_statement_that_the_store_has_already_is_done(
    world: Database, acme: UUID, lrs: LearningRecordStore
) -> None:
    """Some stores answer 409 to a repetition of the same, and all to that of another statement."""
    enroll_many(world, acme, 3)
    send(world)
    first, *_ = lrs.statements
    lrs.empty()
    changed = {name: value for name, value in first.items() if name not in {"stored", "authority"}}
    assert lrs.post(changed | {"actor": {"mbox": "mailto:other@acme.example"}}) == 200
    make_pending(world)
    send(world)
    assert sorted(status for _, status in statuses(world)) == ["delivered", "delivered", "failed"]
    (failed,) = [row for row in deliveries(world) if row.status == "failed"]
    assert failed.error == "The store has another statement with this id."
    assert len(lrs.statements) == 3, "the other two were not held back"


def test_many_go_in_arrays_of_fifty(world: Database, acme: UUID, lrs: LearningRecordStore) -> None:
    enroll_many(world, acme, 120)
    posts = lrs.log.count("POST /xAPI/statements")
    send(world)
    assert len({each["id"] for each in lrs.statements}) == len(lrs.statements) == 120
    assert lrs.log.count("POST /xAPI/statements") - posts == 3


def test_progress_is_stated_once_a_day_with_the_last_grade(
    world: Database, acme: UUID, lrs: LearningRecordStore
) -> None:
    day = clock.now().replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=1)
    with clock.frozen_at(day):
        enroll(world, acme, ANA)
        report(world, acme, ANA, current_grade=0.3)
        send(world)
    with clock.frozen_at(day + timedelta(hours=8)):
        report(world, acme, ANA, current_grade=0.5)
        report(world, acme, ANA, current_grade=0.6)
        send(world)
    assert verbs(lrs) == ["registered"]
    with clock.frozen_at(day + timedelta(hours=16)):
        report(world, acme, ANA, current_grade=0.7)
        send(world)
        assert verbs(lrs) == ["registered", "progressed"]
    grades = [each["result"]["score"]["scaled"] for each in lrs.statements[1:]]
    assert grades == [0.6]
    with clock.frozen_at(day + timedelta(hours=40)):
        send(world)
    assert lrs.statements[-1]["result"]["score"]["scaled"] == 0.7


def test_a_daily_connection_waits_for_the_end_of_the_day(
    world: Database, acme: UUID, lrs: LearningRecordStore
) -> None:
    connect(world, acme, lrs.endpoint, mode=Mode.DAILY)
    day = clock.now().replace(hour=22, minute=0) + timedelta(days=1)
    with clock.frozen_at(day):
        enroll(world, acme, ANA)
        send(world)
    assert lrs.statements == []
    with clock.frozen_at(day + timedelta(hours=2)):
        send(world)
    assert verbs(lrs) == ["registered"]
    assert lrs.statements[0]["timestamp"][:10] == str(day.date())


@pytest.mark.parametrize("identity", Identity)
def test_a_person_is_named_as_the_enterprise_wants(
    world: Database, acme: UUID, lrs: LearningRecordStore, identity: Identity
) -> None:
    connect(world, acme, lrs.endpoint, identity=identity, verbs=[Verb.REGISTERED])
    enroll(world, acme, ANA)
    report(world, acme, ANA, has_passed=True)
    send(world)
    (statement,) = lrs.statements
    names: dict[Identity, dict[str, object]] = {
        Identity.MBOX: {"mbox": "mailto:ana@acme.example"},
        Identity.MBOX_SHA1SUM: {"mbox_sha1sum": "4037f6eebcdd4f51193ca0384b3ee2009d7e54e1"},
        Identity.ACCOUNT: {"account": {"homePage": LMS, "name": "501"}},
    }
    assert statement["actor"] == {"objectType": "Agent", **names[identity]}


def test_each_enterprise_has_a_store_of_its_own(
    world: Database, acme: UUID, lrs: LearningRecordStore
) -> None:
    other = open_enterprise(world, "Globex")
    enroll(world, other, ANA)
    enroll(world, acme, ANA)
    send(world)
    (statement,) = lrs.statements
    assert statement["context"]["team"]["account"]["name"] == str(acme)


def test_nothing_is_stated_of_the_time_before_the_connection(
    world: Database, lrs: LearningRecordStore
) -> None:
    enterprise = open_enterprise(world)
    enroll(world, enterprise, ANA)
    connect(world, enterprise, lrs.endpoint)
    enroll(world, enterprise, ANA, run="course-v1:edX+B+1")
    send(world)
    assert [each["object"]["id"] for each in lrs.statements] == [f"{LMS}/course/course-v1:edX+B+1"]


def test_a_wrong_secret_is_tried_again_and_holds_no_other_store(
    world: Database, acme: UUID, lrs: LearningRecordStore
) -> None:
    other = open_enterprise(world, "Globex")
    connect(world, other, lrs.endpoint, secret="wrong")
    enroll(world, other, ANA)
    enroll(world, acme, ANA)
    send(world)
    assert verbs(lrs) == ["registered"]
    (waiting,) = [row for row in deliveries(world) if row.status == "pending"]
    assert (waiting.enterprise_uuid, waiting.error) == (other, "It answered 401.")
    assert connection_of(world, other).failing_since is not None
    connect(world, other, lrs.endpoint)
    make_due(world)
    send(world)
    assert len(lrs.statements) == 2
    assert connection_of(world, other).failing_since is None
