"""What is sent to a store, and what follows from answers that no good store gives."""

import json
from base64 import b64decode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event, Thread
from uuid import UUID

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from bursar import clock
from bursar.database.engine import Database
from bursar.delivery.service import drop_for_target
from bursar.identity.sealing import Seal
from bursar.identity.service import set_suspended
from bursar.outgoing.addresses import Permitted
from bursar.people.service import erase_person
from bursar.xapi import loop
from bursar.xapi.models import XapiConnection
from bursar.xapi.service import Identity, StatementPreview, remove_connection
from bursar.xapi.verbs import Verb
from testing.databases.locks import somebody_waits
from testing.fakes.receiver import NEVER, Received, Receiver, answer, receiving
from testing.waiting import wait_until
from tests.xapi.world import (
    ACTOR,
    ANA,
    LMS,
    LOCAL,
    SEAL,
    attempts,
    connect,
    connection_of,
    deliveries,
    enroll,
    enroll_many,
    make_due,
    make_pending,
    open_enterprise,
    prepare,
    report,
    send,
)

TAKEN = answer(204)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def world(database: Database) -> Database:
    return prepare(database)


@pytest.fixture
def enterprise(world: Database) -> UUID:
    return open_enterprise(world)


def store_at(
    world: Database, enterprise: UUID, receiver: Receiver, name: str, *answers: bytes
) -> str:
    """The path of its statements. It gives these answers, and the last of them for ever."""
    connect(world, enterprise, receiver.url(name))
    path = f"{name}/statements"
    *first, receiver.answers[path] = answers
    receiver.first_answers[path] = first
    return path


def sizes(got: list[Received]) -> list[int]:
    return [len(json.loads(each.body)) if each.body else 0 for each in got]


def one(world: Database) -> tuple[str, str | None]:
    (row,) = deliveries(world)
    return row.status, row.error


def test_requests_are_those_of_xapi(world: Database, enterprise: UUID, receiver: Receiver) -> None:
    path = store_at(world, enterprise, receiver, "/lrs", TAKEN)
    enroll(world, enterprise, ANA)
    send(world)
    (got,) = receiver.on(path)
    assert got.headers["x-experience-api-version"] == "1.0.3"
    assert got.headers["content-type"] == "application/json"
    scheme, _, credentials = got.headers["authorization"].partition(" ")
    assert (scheme, b64decode(credentials)) == ("Basic", b"acme:only here")
    assert one(world) == ("delivered", None)


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        (answer(200, "<!doctype html><p>Log in"), "It answered 200, but not as a learning record"),
        (answer(200, "{}"), "It answered 200, but not as a learning record"),
        (answer(200, "[" * 60_000), "It answered 200, but not as a learning record"),
        (answer(302, Location="/login"), "It answered 302. Redirects are not followed."),
        (answer(401), "It answered 401."),
        (answer(404, "<h1>Not found"), "It answered 404."),
        (answer(429), "It answered 429."),
        (answer(503), "It answered 503."),
    ],
)
def test_what_is_no_answer_of_a_store_is_tried_again(
    world: Database, enterprise: UUID, receiver: Receiver, answers: bytes, error: str
) -> None:
    path = store_at(world, enterprise, receiver, "/odd", answers)
    enroll_many(world, enterprise, 3)
    send(world)
    rows = deliveries(world)
    assert {(row.status, row.attempts) for row in rows} == {("pending", 1)}
    assert all(row.error.startswith(error) for row in rows)
    assert sizes(receiver.on(path)) == [3], "others would fare no better"
    assert connection_of(world, enterprise).failing_since is not None
    receiver.answers[path] = TAKEN
    make_due(world)
    send(world)
    assert {row.status for row in deliveries(world)} == {"delivered"}


def test_after_a_defect_the_same_array_goes_again_and_then_one_by_one(
    world: Database, enterprise: UUID, receiver: Receiver
) -> None:
    oops = answer(500, "oops")
    path = store_at(world, enterprise, receiver, "/defect", oops, oops, TAKEN, oops, TAKEN)
    enroll_many(world, enterprise, 3)
    send(world)
    got = receiver.on(path)
    assert sizes(got) == [3, 3, 1, 1, 1]
    assert got[0].body == got[1].body
    rows = deliveries(world)
    assert [row.status for row in rows] == ["delivered", "pending", "delivered"]
    assert rows[1].error == "It answered 500."


def test_after_a_passing_defect_the_array_is_taken(
    world: Database, enterprise: UUID, receiver: Receiver
) -> None:
    path = store_at(world, enterprise, receiver, "/passing", answer(500), TAKEN)
    enroll_many(world, enterprise, 3)
    send(world)
    assert sizes(receiver.on(path)) == [3, 3]
    assert {row.status for row in deliveries(world)} == {"delivered"}


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_statement_that_is_refused_is_given_up_and_the_rest_goes_on(
    world: Database, enterprise: UUID, receiver: Receiver, status: int
) -> None:
    refused = answer(status, f"no such verb, says {ANA}")
    path = store_at(world, enterprise, receiver, "/strict", refused, TAKEN, refused, TAKEN)
    enroll_many(world, enterprise, 3)
    send(world)
    assert sizes(receiver.on(path)) == [3, 1, 1, 1]
    assert [row.status for row in deliveries(world)] == ["delivered", "failed", "delivered"]
    told = [each.answer for each in attempts(world) if each.status == status]
    assert told == ["no such verb, says (address)"]
    assert connection_of(world, enterprise).failing_since is None


def test_a_conflict_that_cannot_be_looked_at_is_tried_again(
    world: Database, enterprise: UUID, receiver: Receiver
) -> None:
    path = store_at(world, enterprise, receiver, "/busy", answer(409), answer(503), TAKEN)
    enroll(world, enterprise, ANA)
    send(world)
    assert sizes(receiver.on(path)) == [1, 0]
    assert one(world) == ("pending", "It answered 409.")


def test_a_store_may_answer_with_the_statement_alone(
    world: Database, enterprise: UUID, receiver: Receiver
) -> None:
    path = store_at(world, enterprise, receiver, "/known", TAKEN)
    enroll(world, enterprise, ANA)
    send(world)
    (statement,) = json.loads(receiver.on(path)[0].body)
    found = answer(200, json.dumps(statement | {"stored": "2026-03-01T00:00:00Z"}))
    receiver.first_answers[path] = [answer(409), found]
    make_pending(world)
    send(world)
    assert one(world) == ("delivered", None)
    assert attempts(world)[-1].answer == "The store has this statement already."


def test_a_store_that_asks_for_time_is_left_alone(
    world: Database, enterprise: UUID, receiver: Receiver
) -> None:
    path = store_at(world, enterprise, receiver, "/later", answer(429, Retry_After="600"))
    enroll(world, enterprise, ANA)
    before = clock.now()
    send(world)
    (row,) = deliveries(world)
    assert row.next_attempt_at >= before + timedelta(seconds=600)
    # What comes now is not sent at once either.
    assert connection_of(world, enterprise).failing_since is not None
    assert len(receiver.on(path)) == 1


def test_a_store_that_never_answers_holds_no_other(
    world: Database, enterprise: UUID, receiver: Receiver
) -> None:
    other = open_enterprise(world, "Globex")
    connect(world, enterprise, receiver.url(NEVER))
    path = store_at(world, other, receiver, "/good", TAKEN)
    enroll(world, enterprise, ANA)
    enroll(world, other, ANA)
    stopping = Event()
    sender = Thread(target=send, args=(world, stopping), kwargs={"seconds": 5.0})
    sender.start()
    try:
        wait_until(lambda: receiver.on(path), "the good store has its statement")
        rows = {row.enterprise_uuid: row for row in deliveries(world)}
        assert rows[enterprise].claimed_until is not None
        wait_until(
            lambda: any(
                row.attempts for row in deliveries(world) if row.enterprise_uuid == enterprise
            ),
            "it is given up",
        )
    finally:
        stopping.set()
        sender.join()
    errors = {row.error for row in deliveries(world)}
    assert errors == {None, "No answer within 5 seconds."}


def test_an_address_that_may_not_be_reached_is_not(
    world: Database, enterprise: UUID, receiver: Receiver
) -> None:
    path = store_at(world, enterprise, receiver, "/inside", TAKEN)
    enroll(world, enterprise, ANA)
    loop.send_statements(world, Permitted(), lambda: SEAL, LMS, Event(), until_idle=True)
    assert receiver.on(path) == []
    status, error = one(world)
    assert status == "pending"
    assert "may not be reached without https" in str(error)


def test_what_is_no_longer_declared_is_not_sent(
    world: Database, enterprise: UUID, receiver: Receiver
) -> None:
    path = store_at(world, enterprise, receiver, "/removed", answer(503), TAKEN)
    enroll(world, enterprise, ANA)
    send(world)
    with world.transaction() as session:
        assert remove_connection(session, ACTOR, enterprise, at=clock.now())
        assert not remove_connection(session, ACTOR, enterprise, at=clock.now())
    make_due(world)
    send(world)
    assert len(receiver.on(path)) == 1
    assert one(world) == ("dropped", "The connection is no longer declared.")


def test_a_verb_that_is_not_wanted_any_more_is_dropped(
    world: Database, enterprise: UUID, receiver: Receiver
) -> None:
    path = store_at(world, enterprise, receiver, "/fewer", TAKEN)
    enroll(world, enterprise, ANA)
    report(world, enterprise, ANA, has_passed=True)
    receiver.first_answers[path] = [answer(503)]
    send(world)
    connect(world, enterprise, receiver.url("/fewer"), verbs=[Verb.PASSED])
    make_due(world)
    send(world)
    got = receiver.on(path)[-1]
    assert [each["verb"]["display"] for each in json.loads(got.body)] == [{"en-US": "passed"}]
    assert [row.status for row in deliveries(world)] == ["dropped", "delivered", "dropped"]


def test_a_secret_that_nothing_opens_is_told(
    world: Database, enterprise: UUID, receiver: Receiver
) -> None:
    path = store_at(world, enterprise, receiver, "/sealed", TAKEN)
    enroll(world, enterprise, ANA)
    other = Seal(["another secret"])
    loop.send_statements(world, LOCAL, lambda: other, LMS, Event(), until_idle=True)
    assert receiver.on(path) == []
    assert one(world) == (
        "pending", "No secret of BURSAR_SECRET_KEY opens the secret of the connection."
    )  # fmt: skip


def test_nothing_is_sent_for_a_suspended_enterprise(
    world: Database, enterprise: UUID, receiver: Receiver
) -> None:
    path = store_at(world, enterprise, receiver, "/suspended", TAKEN)
    enroll(world, enterprise, ANA)
    for suspended, requests in ((True, 0), (False, 1)):
        with world.transaction() as session:
            set_suspended(session, ACTOR, enterprise, clock.now(), suspended=suspended)
        send(world)
        assert len(receiver.on(path)) == requests


def test_what_is_sent_is_what_the_preview_shows(
    world: Database, enterprise: UUID, receiver: Receiver
) -> None:
    path = store_at(world, enterprise, receiver, "/shown", TAKEN)
    wanted = [Verb.REGISTERED, Verb.COMPLETED]
    connect(world, enterprise, receiver.url("/shown"), identity=Identity.ACCOUNT, verbs=wanted)
    enroll(world, enterprise, ANA)
    report(world, enterprise, ANA, has_passed=True)
    send(world)
    (got,) = receiver.on(path)
    with world.read() as connection:
        page = StatementPreview(LMS, world.info).page(
            connection, enterprise, after=None, limit=10, at=clock.now()
        )
    assert page.statements == json.loads(got.body)
    assert [each["actor"]["account"]["name"] for each in page.statements] == ["501", "501"]


def test_of_a_person_who_is_erased_nothing_is_stated_any_more(
    world: Database, enterprise: UUID, receiver: Receiver
) -> None:
    path = store_at(world, enterprise, receiver, "/erased", answer(503, f"{ANA} later"), TAKEN)
    enroll(world, enterprise, ANA)
    send(world)
    with world.transaction() as session:
        erase_person(session, ACTOR, enterprise, ANA, clock.now())
    make_due(world)
    send(world)
    assert len(receiver.on(path)) == 1
    assert one(world) == ("dropped", "The person does not consent to it.")
    assert [each.answer for each in attempts(world)] == ["(address) later"]


def test_who_records_waits_for_who_removes_before_it_holds_deliveries(
    world: Database, enterprise: UUID, receiver: Receiver
) -> None:
    if world.is_sqlite:
        pytest.skip("SQLite has one writer")
    store_at(world, enterprise, receiver, "/removed", answer(503))
    enroll(world, enterprise, ANA)
    with capture_logs() as logs, ThreadPoolExecutor(1) as pool, world.transaction() as session:
        connection = session.scalars(select(XapiConnection).with_for_update(key_share=True)).one()
        sending = pool.submit(send, world)
        wait_until(lambda: somebody_waits(world), "what came of it is to be recorded")
        # With the deliveries locked before, this would be a deadlock, and it would be tried again.
        drop_for_target(session, connection.uuid, clock.now(), reason="removed")
    sending.result()
    assert "statements wait for the database" not in [each["event"] for each in logs]
    assert one(world) == ("dropped", "removed")
