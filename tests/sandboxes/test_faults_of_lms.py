"""What the faults of a sandbox do to calls of the LMS, and that they do it to nobody else."""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from threading import BoundedSemaphore
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert

from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.enrollment import rehearsal
from bursar.enrollment.gateway import LmsEnrollment, LmsOutcome
from bursar.enrollment.rehearsal import AWAY, REFUSED, SLOW, end_in_lms, enroll_in_lms
from bursar.identity.models import Enterprise
from bursar.sandboxes.models import SandboxFaults
from bursar.sandboxes.service import set_faults
from bursar.sandboxes.views import Faults, LmsFaults
from testing.databases.statements import statements_of
from testing.paths import REPOSITORY
from testing.worlds.bulk_enrollment import Lms

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACTOR = Actor("test")


@pytest.fixture
def sandbox(database: Database) -> UUID:
    return open_enterprise(database, "rehearsal", is_sandbox=True)


@pytest.fixture
def acme(database: Database) -> UUID:
    return open_enterprise(database, "acme", is_sandbox=False)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []
    monkeypatch.setattr(rehearsal, "sleep", seconds.append)
    return seconds


def open_enterprise(database: Database, slug: str, *, is_sandbox: bool) -> UUID:
    uuid = uuid4()
    named = {"name": slug, "slug": slug, "is_sandbox": is_sandbox}
    with database.transaction() as session:
        session.add(Enterprise(uuid=uuid, created_at=NOW, modified_at=NOW, **named))
    return uuid


def rehearse(database: Database, enterprise: UUID, **faults: int | bool) -> None:
    wanted = Faults(LmsFaults(**faults))  # type: ignore[arg-type] # each by its name
    with database.transaction() as session:
        set_faults(session, ACTOR, enterprise, wanted, at=NOW)


def seats(enterprise: UUID, number: int, first: int = 0) -> list[LmsEnrollment]:
    return [
        LmsEnrollment(enterprise, f"learner-{each}@example.org", None, None, "course-v1:X+1")
        for each in range(first, first + number)
    ]


def errors(outcomes: list[LmsOutcome]) -> list[str | None]:
    return [outcome.error for outcome in outcomes]


def test_without_faults_a_call_is_as_ever(database: Database, sandbox: UUID) -> None:
    lms, wanted = Lms(), seats(sandbox, 3)
    with statements_of(database) as statements:
        assert errors(enroll_in_lms(database, lms, wanted)) == [None] * 3
    assert lms.calls == [wanted]
    assert len(statements) == 1


def test_an_lms_that_is_away_is_asked_for_nothing(database: Database, sandbox: UUID) -> None:
    rehearse(database, sandbox, away=True)
    lms = Lms()
    for outcome in (
        *enroll_in_lms(database, lms, seats(sandbox, 2)),
        *end_in_lms(database, lms, seats(sandbox, 1)),
    ):
        assert (outcome.error, outcome.is_unavailable, outcome.may_be_done) == (AWAY, True, False)
    assert (lms.calls, lms.ended) == ([], [])
    rehearse(database, sandbox)
    assert errors(enroll_in_lms(database, lms, seats(sandbox, 1))) == [None]


def test_one_in_three_is_refused_whatever_the_calls(database: Database, sandbox: UUID) -> None:
    rehearse(database, sandbox, refuse_one_in=3)
    lms = Lms()
    found = [
        error
        for number in (1, 1, 5, 2)
        for error in errors(enroll_in_lms(database, lms, seats(sandbox, number)))
    ]
    assert found == [None, None, REFUSED] * 3
    assert len([seat for call in lms.calls for seat in call]) == 6
    assert errors(end_in_lms(database, lms, seats(sandbox, 3))) == [None] * 3, "no end is refused"


def test_the_count_begins_with_the_faults(database: Database, sandbox: UUID) -> None:
    for _ in range(2):
        rehearse(database, sandbox, refuse_one_in=2)
        assert errors(enroll_in_lms(database, Lms(), seats(sandbox, 1))) == [None]


def test_all_can_be_refused(database: Database, sandbox: UUID) -> None:
    rehearse(database, sandbox, refuse_one_in=1)
    lms = Lms()
    assert errors(enroll_in_lms(database, lms, seats(sandbox, 2))) == [REFUSED] * 2
    assert lms.calls == []


def test_a_slow_lms_answers_later(database: Database, sandbox: UUID, slept: list[float]) -> None:
    rehearse(database, sandbox, slow_seconds=5)
    assert errors(enroll_in_lms(database, Lms(), seats(sandbox, 20))) == [None] * 20
    assert errors(end_in_lms(database, Lms(), seats(sandbox, 1))) == [None]
    assert slept == [5, 5], "once for each call"


def test_slow_sandboxes_keep_few_threads(
    database: Database, sandbox: UUID, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal, "_places", BoundedSemaphore(1))
    rehearse(database, sandbox, slow_seconds=5)
    inner: list[LmsOutcome] = []

    def meanwhile(_seconds: float) -> None:
        inner.extend(enroll_in_lms(database, Lms(), seats(sandbox, 1)))

    monkeypatch.setattr(rehearsal, "sleep", meanwhile)
    assert errors(enroll_in_lms(database, Lms(), seats(sandbox, 1))) == [None]
    (outcome,) = inner
    assert (outcome.error, outcome.retry_after, outcome.may_be_done) == (SLOW, 5, False)


def test_a_call_about_others_too_waits_for_nobody(
    database: Database, sandbox: UUID, acme: UUID, slept: list[float]
) -> None:
    rehearse(database, sandbox, slow_seconds=5, refuse_one_in=1)
    mixed = [*seats(sandbox, 1), *seats(acme, 2, first=10), *seats(sandbox, 1, first=20)]
    lms = Lms()
    assert errors(enroll_in_lms(database, lms, mixed)) == [REFUSED, None, None, REFUSED]
    assert lms.calls == [seats(acme, 2, first=10)]
    assert slept == []


def test_no_fault_reaches_an_enterprise_that_is_no_sandbox(
    database: Database, acme: UUID, slept: list[float]
) -> None:
    row = {"lms_slow_seconds": 30, "lms_away": True, "lms_refuse_one_in": 1, "lms_asked": 0}
    with database.transaction() as session:
        values = row | {"enterprise_uuid": acme, "mail_bounce": True, "modified_at": NOW}
        session.execute(insert(SandboxFaults).values(**values))
    assert errors(enroll_in_lms(database, Lms(), seats(acme, 2))) == [None] * 2
    assert slept == []


def calls_of_gateways() -> Iterator[str]:
    for path in (REPOSITORY / "src/bursar").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in {"enroll", "end"}:
                named = ast.unparse(node.value)
                if named.rpartition(".")[2] in {"gateway", "lms"}:
                    yield f"{path.relative_to(REPOSITORY)}: {ast.unparse(node)}"


def test_every_call_of_the_lms_can_be_rehearsed() -> None:
    assert set(calls_of_gateways()) == {
        "src/bursar/enrollment/rehearsal.py: lms.enroll",
        "src/bursar/enrollment/rehearsal.py: lms.end",
        # Of one that answers nothing, after the LMS was given up.
        "src/bursar/enrollment/bulk/enrolling.py: lms.enroll",
    }
