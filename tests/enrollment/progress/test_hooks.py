"""What an LMS posts is answered at once, and taken by a worker."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread
from uuid import UUID

import pytest
from sqlalchemy import func, select
from standardwebhooks import Webhook

from bursar import clock
from bursar.app import create_app
from bursar.database.engine import Database
from bursar.enrollment.progress import hook_news, hooks, lms_taking
from bursar.enrollment.progress.hook_news import forget_news, take_news
from bursar.enrollment.progress.hooks import NewSecret
from bursar.enrollment.progress.models import LmsNews
from bursar.learners.service import find_learners
from bursar.settings import Settings
from testing.clients import lms_events as sent
from testing.clients.inside import Answered, Inside
from testing.databases.statements import statements_of
from testing.worlds.progress import (
    ACME,
    ACTOR,
    ANA,
    BEN,
    CYD,
    GLOBEX,
    RUN,
    build,
    enroll,
    row,
    rows,
    told,
)

JSON = (b"content-type", b"application/json")
PEOPLE = {
    "ana": sent.user(501, "ana", ANA),
    "ben": sent.user(502, "ben", BEN),
    "cyd": sent.user(503, "cyd", CYD),
    "zoe": sent.user(504, "zoe", "zoe@elsewhere.example"),
}


def ago(hours: float) -> datetime:
    return datetime.now(UTC) - timedelta(hours=hours)


@dataclass
class Receiver:
    database: Database
    inside: Inside

    def hook(self, of: UUID | None = None, *, is_signed: bool = False) -> NewSecret:
        with self.database.transaction() as session:
            return hooks.create_hook(session, ACTOR, of, is_signed=is_signed, at=clock.now())

    def post(
        self, path: str, body: bytes, *headers: tuple[bytes, bytes], method: str = "POST"
    ) -> Answered:
        length = (b"content-length", str(len(body)).encode())
        given = headers or (JSON,)
        return self.inside.ask(method, path.encode(), (*given, length), body)

    def tell(self, hook: NewSecret, *bodies: bytes) -> None:
        for body in bodies:
            assert self.post(hook.path, body).status == 202

    def take(self) -> int:
        total = 0
        while number := take_news(self.database):
            total += number
        return total

    def waiting(self) -> int:
        with self.database.read() as connection:
            return connection.scalar(select(func.count()).select_from(LmsNews)) or 0


@pytest.fixture
def receiver(acme: Database) -> Iterator[Receiver]:
    settings = Settings(hook_queue=3, refusals_before_delay=10_000)
    inside = Inside(create_app(settings, acme))
    yield Receiver(acme, inside)
    inside.close()


def test_progress_comes_in(receiver: Receiver) -> None:
    enroll(receiver.database, ANA, at=ago(48))
    hook, ana = receiver.hook(ACME), PEOPLE["ana"]
    passed = ago(1)
    receiver.tell(hook, sent.enrollment(ana, ago(3)), sent.grade(501, 0.83, ago(2), passed))
    assert receiver.take() == 2
    receiver.tell(hook, sent.passing(ana, passed))
    assert row(receiver.database, ANA)["current_grade"] == 0.83
    assert (receiver.take(), receiver.take(), receiver.waiting()) == (1, 0, 0)
    found = row(receiver.database, ANA)
    assert (found["mode"], found["letter_grade"], found["has_passed"]) == ("audit", "B", True)
    assert (found["passed_date"], found["source"]) == (passed.date(), "push")
    assert "enrollment.passed" in told(receiver.database)


def test_the_answer_takes_one_small_insert(receiver: Receiver) -> None:
    hook = receiver.hook()
    receiver.tell(hook, sent.grade(501, 0.5, ago(1)))
    with statements_of(receiver.database) as statements:
        receiver.tell(hook, sent.grade(501, 0.6, ago(0)))
    kinds = [each.split()[0] for each in statements]
    assert kinds.count("INSERT") == 1
    assert len(kinds) <= 2
    assert receiver.waiting() == 2


def test_wrong_secrets_are_alike(receiver: Receiver) -> None:
    hook, other, signed = receiver.hook(), receiver.hook(), receiver.hook(is_signed=True)
    with receiver.database.transaction() as session:
        hooks.enable_hook(session, ACTOR, other.hook.uuid, enabled=False, at=clock.now())
    body = sent.grade(501, 0.5, ago(1))
    wrong = [
        other.path,
        signed.path,
        hook.path[:-1],
        hook.path + "x",
        hook.path.swapcase(),
        "/hooks/openedx/" + "a" * 5_000,
        "/hooks/openedx/%00",
        "/hooks/openedx/%FF",
    ]
    answers = [receiver.post(path, body) for path in wrong]
    assert {each.status for each in answers} == {404}
    assert len({each.body for each in answers}) == 1
    # Whoever has no secret is not told what is wrong with a body either.
    assert receiver.post(other.path, b"{").body == answers[0].body
    assert receiver.waiting() == 0


def signature(hook: NewSecret, body: bytes, at: datetime) -> tuple[tuple[bytes, bytes], ...]:
    assert hook.signing_key is not None
    signed = Webhook(hook.signing_key).sign("msg_1", at, body.decode())
    stamp = str(int(at.timestamp())).encode()
    return (
        JSON,
        (b"webhook-id", b"msg_1"),
        (b"webhook-timestamp", stamp),
        (b"webhook-signature", signed.encode()),
    )


def test_a_hook_that_wants_signatures(receiver: Receiver) -> None:
    hook, other = receiver.hook(is_signed=True), receiver.hook(is_signed=True)
    body = sent.grade(501, 0.5, ago(1))
    good = signature(hook, body, ago(0))
    assert receiver.post(hook.path, body, *good).status == 202
    assert receiver.post(hook.path, body + b" ", *good).status == 404
    assert receiver.post(hook.path, body, *signature(other, body, ago(0))).status == 404
    assert receiver.post(hook.path, body, *signature(hook, body, ago(1))).status == 404
    assert receiver.post(hook.path, body).status == 404
    assert receiver.waiting() == 1


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", (), 400),
        (b"", (), 400),
        (b"[]", (), 400),
        (b"a=b", ((b"content-type", b"application/x-www-form-urlencoded"),), 415),
        (b"x" * 70_000, (), 413),
    ],
)
def test_a_bad_body_is_refused_with_what_to_do(
    receiver: Receiver, body: bytes, headers: tuple[tuple[bytes, bytes], ...], status: int
) -> None:
    hook = receiver.hook()
    answer = receiver.post(hook.path, body, *headers)
    assert answer.status == status
    if status != 413:
        assert "openedx-webhooks" in answer.body.decode()


def test_only_post_is_served(receiver: Receiver) -> None:
    hook = receiver.hook()
    answers = {receiver.post(hook.path, b"", method=each).status for each in ("GET", "PUT")}
    assert answers == {405}
    assert receiver.post(hook.path, b"", method="OPTIONS").status == 204


def test_an_event_of_no_interest_is_accepted_and_not_kept(receiver: Receiver) -> None:
    hook = receiver.hook()
    body = sent.event("cohort_membership.changed", "CohortData", {"name": "A"}, ago(0))
    answer = receiver.post(hook.path, body)
    assert (answer.status, json.loads(answer.body)) == (202, {"accepted": 0})
    assert receiver.waiting() == 0


def test_a_flood_is_bounded(receiver: Receiver) -> None:
    """By what waits of one hook. It is counted once a second, so that the bound is not exact."""
    hook, other = receiver.hook(), receiver.hook()
    body = sent.grade(501, 0.5, ago(1))
    with receiver.database.transaction() as session:
        session.add_all(
            LmsNews(hook_uuid=hook.hook.uuid, told={}, received_at=ago(0)) for _ in range(3)
        )
    answer = receiver.post(hook.path, body)
    assert (answer.status, answer.headers["retry-after"]) == (429, "60")
    assert receiver.post(other.path, body).status == 202


def test_repeats_and_any_order_end_alike(receiver: Receiver) -> None:
    hook, ana = receiver.hook(ACME), PEOPLE["ana"]
    ended = sent.enrollment(ana, ago(1), what="course.unenrollment.completed", is_active=False)
    receiver.tell(hook, ended)
    receiver.take()
    receiver.tell(hook, sent.enrollment(ana, ago(30)), ended)
    receiver.take()
    found = row(receiver.database, ANA)
    assert found["unenrolled_at"].date() == ago(1).date()
    assert found["enrolled_at"].date() == date(2026, 3, 9)
    assert told(receiver.database).count("enrollment.ended") == 1


def test_people_and_runs_that_nobody_knows_are_counted_at_the_hook(receiver: Receiver) -> None:
    hook = receiver.hook()
    other = sent.enrollment(PEOPLE["ana"], ago(1), run="course-v1:edX+Other+1")
    receiver.tell(hook, sent.passing(PEOPLE["zoe"], ago(1)), other)
    receiver.take()
    with receiver.database.read() as connection:
        (found,) = hooks.list_hooks(connection)
    assert (found.told, found.unknown_people, found.unknown_runs) == (2, 1, 1)
    assert rows(receiver.database) == {}


def test_a_hook_tells_of_its_enterprise_only(receiver: Receiver) -> None:
    with receiver.database.transaction() as session:
        build(session, GLOBEX)
    enroll(receiver.database, ANA)
    receiver.tell(receiver.hook(GLOBEX), sent.registration(PEOPLE["cyd"], ago(1)))
    receiver.tell(receiver.hook(GLOBEX), sent.passing(PEOPLE["ana"], ago(1)))
    receiver.take()
    assert row(receiver.database, ANA)["has_passed"] is None
    assert row(receiver.database, ANA, of=GLOBEX)["has_passed"] is True
    with receiver.database.transaction() as session:
        assert find_learners(session, GLOBEX, [CYD])[CYD].lms_user_id == 503
        assert find_learners(session, ACME, [CYD])[CYD].lms_user_id is None


def test_what_waits_about_an_erased_person_is_deleted(receiver: Receiver) -> None:
    with receiver.database.transaction() as session:
        build(session, GLOBEX)
    everybody, of_acme = receiver.hook(), receiver.hook(ACME)
    about_all = sent.registration(PEOPLE["ana"], ago(1)), sent.registration(PEOPLE["zoe"], ago(1))
    receiver.tell(everybody, *about_all)
    receiver.tell(of_acme, sent.registration(PEOPLE["ana"], ago(1)), sent.grade(501, 0.5, ago(1)))
    with receiver.database.transaction() as session:
        assert forget_news(session, ACME, [ANA], [501]) == 2
    assert receiver.waiting() == 2, "Globex knows her too"
    with receiver.database.transaction() as session:
        assert forget_news(session, ACME, ["zoe@elsewhere.example"], []) == 1
    assert receiver.waiting() == 1


def test_an_account_that_appears_is_linked_and_a_known_one_never_replaced(
    receiver: Receiver,
) -> None:
    hook = receiver.hook()
    thief = sent.user(666, "mallory", ANA)
    receiver.tell(hook, sent.registration(PEOPLE["cyd"], ago(1)), sent.registration(thief, ago(1)))
    receiver.take()
    with receiver.database.transaction() as session:
        found = find_learners(session, ACME, [ANA, CYD])
    assert (found[CYD].lms_user_id, found[CYD].username) == (503, "cyd")
    assert (found[ANA].lms_user_id, found[ANA].username) == (501, "ana")
    assert told(receiver.database, "learner").count("learner.linked") == 3


def test_a_rotated_secret_is_good_for_a_day_more(receiver: Receiver) -> None:
    hook = receiver.hook(is_signed=True)
    with receiver.database.transaction() as session:
        new = hooks.rotate_hook(session, ACTOR, hook.hook.uuid, at=clock.now())
    body = sent.grade(501, 0.5, ago(1))
    for each in (hook, new):
        assert receiver.post(each.path, body, *signature(each, body, ago(0))).status == 202
    with receiver.database.read() as connection:
        secret = hook.secret
        assert hooks.find_hook(connection, secret, clock.now()) is not None
        assert hooks.find_hook(connection, secret, clock.now() + timedelta(hours=25)) is None
    with receiver.database.transaction() as session:
        hooks.enable_hook(session, ACTOR, new.hook.uuid, enabled=False, at=clock.now())
        hooks.enable_hook(session, ACTOR, new.hook.uuid, enabled=True, at=clock.now())
    assert receiver.post(hook.path, body, *signature(hook, body, ago(0))).status == 404


def test_two_workers_take_each_thing_once(receiver: Receiver) -> None:
    enroll(receiver.database, ANA)
    hook = receiver.hook()
    receiver.tell(hook, sent.passing(PEOPLE["ana"], ago(1)), sent.grade(501, 0.5, ago(1)))
    barrier = Barrier(2)

    def work() -> None:
        barrier.wait()
        take_news(receiver.database)

    threads = [Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    receiver.take()
    with receiver.database.read() as connection:
        (found,) = hooks.list_hooks(connection)
    assert (found.told, receiver.waiting()) == (2, 0)


def test_what_cannot_be_taken_keeps_nothing_else_waiting(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    enroll(receiver.database, ANA)
    hook = receiver.hook()
    receiver.tell(hook, sent.grade(501, 0.5, ago(1)), sent.grade(501, 0.25, ago(2)))
    take_facts = lms_taking.take_facts

    def stumbling(*arguments: object, **named: object) -> object:
        facts = arguments[2]
        assert isinstance(facts, list)
        if any(each.grade.percent == 0.25 for each in facts):
            raise RuntimeError("a defect")
        return take_facts(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(hook_news, "take_facts", stumbling)
    assert receiver.take() == 2
    assert row(receiver.database, ANA)["current_grade"] == 0.5


def test_a_worker_that_is_killed_loses_nothing(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: object, **__: object) -> None:
        raise Killed

    enroll(receiver.database, ANA)
    receiver.tell(receiver.hook(), sent.grade(501, 0.5, ago(1)))
    with monkeypatch.context() as patched:
        patched.setattr(hook_news, "_count", killed)
        with pytest.raises(Killed):
            take_news(receiver.database)
    assert (receiver.waiting(), row(receiver.database, ANA)["current_grade"]) == (1, None)
    assert receiver.take() == 1
    assert row(receiver.database, ANA)["current_grade"] == 0.5


def test_no_secret_is_stored_or_told(receiver: Receiver) -> None:
    made = receiver.hook(is_signed=True)
    with receiver.database.read() as connection:
        found = str(hooks.list_hooks(connection))
    assert made.secret not in found
    assert str(made.signing_key) not in found
    assert made.secret not in repr(made)
    assert RUN in sent.grade(1, 0.5, ago(0)).decode()
