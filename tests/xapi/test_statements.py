"""What statements say, and what independent validators say of them."""

import json
import subprocess
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import pytest

from bursar.xapi.models import Identity
from bursar.xapi.statements import Told, says_the_same, statement_id, statement_of
from bursar.xapi.verbs import Verb
from testing.clients.newman import find_node
from testing.paths import REPOSITORY

PROGRAM: Final = REPOSITORY / "tests/xapi/validate.cjs"
PACKAGES: Final = REPOSITORY / ".tools/node_modules"
RALPH: Final = REPOSITORY / ".tools/lrs/bin/ralph"
LMS: Final = "https://lms.example.org"
EVENT: Final = UUID("5cc2f0b4-e0a3-4cf0-a0df-b6bd8a9b1d7e")
ACME: Final = UUID("66b5922b-a22b-4a7b-b587-d4af0378bd6f")
DATA: Final[dict[str, Any]] = {
    "is_consent_granted": True,
    "course_key": "edX+DemoX",
    "course_title": "Démonstration",
    "courserun_key": "course-v1:edX+DemoX+1T2026",
    "current_grade": 0.8235,
    "enrollment_id": 7,
    "enterprise_name": "Acme",
    "enterprise_user_id": 501,
    "user_email": "ana@acme.example",
}


def told(**data: Any) -> Told:
    at = datetime(2026, 3, 1, 9, 30, 0, 123456, tzinfo=UTC)
    return Told(EVENT, at, ACME, DATA | data)


def stated(verb: Verb, identity: Identity = Identity.MBOX, **data: Any) -> dict[str, Any]:
    statement = statement_of(told(**data), verb, identity, LMS)
    assert statement is not None
    return statement


def every_statement() -> list[dict[str, Any]]:
    return [
        stated(verb, identity, **data)
        for verb in Verb
        for identity in Identity
        for data in (
            {},
            {"current_grade": None, "course_title": None},
            {"course_key": None, "current_grade": 1.0},
            {"courserun_key": "course-v1:é dX/ä?#+1", "current_grade": 0},
        )
    ]


def found_wrong(statements: list[dict[str, Any]]) -> list[list[str]]:
    command = [find_node(), PROGRAM, PACKAGES, json.dumps(statements)]
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=60, check=True
    )
    found: list[list[str]] = json.loads(done.stdout)
    return found


@pytest.mark.slow
def test_a_validator_finds_nothing_wrong_with_any() -> None:
    statements = every_statement()
    assert found_wrong(statements) == [[]] * len(statements)
    (wrong,) = found_wrong([statements[0] | {"actor": {"mbox": "ana"}}])
    assert wrong


@pytest.mark.slow
def test_registrations_follow_the_profile_of_learning_management_systems() -> None:
    statements = [stated(verb) for verb in (Verb.REGISTERED, Verb.UNREGISTERED)]
    lines = "\n".join(json.dumps(each) for each in statements)
    done = subprocess.run(
        [RALPH, "validate", "-f", "xapi", "--fail-on-unknown"],
        input=lines,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2


def test_the_same_event_is_stated_in_the_same_words() -> None:
    assert stated(Verb.PASSED) == stated(Verb.PASSED)
    ids = {statement_id(EVENT, verb) for verb in Verb}
    assert len(ids) == len(Verb)
    assert str(statement_id(EVENT, Verb.PASSED)) == "d1a21ef3-d6b5-5328-be96-0192bb5e793a"


def test_a_passed_run_has_a_score_and_is_completed() -> None:
    score = {"scaled": 0.8235, "raw": 82.35, "min": 0, "max": 100}
    assert stated(Verb.PASSED)["result"] == {"score": score, "success": True, "completion": True}
    assert stated(Verb.FAILED)["result"] == {"score": score, "success": False}
    assert stated(Verb.PROGRESSED)["result"] == {"score": score}
    assert "result" not in stated(Verb.PROGRESSED, current_grade=None)
    assert "result" not in stated(Verb.REGISTERED)


def test_the_course_is_what_runs_are_grouped_by() -> None:
    statement = stated(Verb.REGISTERED)
    assert statement["object"] == {
        "objectType": "Activity",
        "id": f"{LMS}/course/course-v1:edX+DemoX+1T2026",
        "definition": {
            "type": "http://adlnet.gov/expapi/activities/course",
            "name": {"und": "Démonstration"},
        },
    }
    (course,) = statement["context"]["contextActivities"]["grouping"]
    assert course["id"] == f"{LMS}/course/edX+DemoX"
    assert statement["context"]["team"]["name"] == "Acme"
    assert statement["timestamp"] == "2026-03-01T09:30:00.123Z"
    assert not {"stored", "authority", "version"} & statement.keys()


@pytest.mark.parametrize("identity", Identity)
def test_who_cannot_be_named_is_not_named_otherwise(identity: Identity) -> None:
    unknown = told(user_email=None, enterprise_user_id=None)
    assert statement_of(unknown, Verb.PASSED, identity, LMS) is None


def test_a_hash_and_an_account_tell_no_address() -> None:
    for identity in (Identity.MBOX_SHA1SUM, Identity.ACCOUNT):
        assert "acme.example" not in json.dumps(stated(Verb.PASSED, identity))


def test_what_a_store_adds_makes_no_other_statement() -> None:
    ours = stated(Verb.PASSED)
    theirs = json.loads(json.dumps(ours))
    theirs |= {"stored": "2026-03-02T00:00:00Z", "authority": {"mbox": "mailto:a@b.example"}}
    theirs["timestamp"] = "2026-03-01T10:30:00.123+01:00"
    theirs["actor"]["name"] = "Ana"
    assert says_the_same(ours, theirs)
    others: list[dict[str, Any]] = [
        theirs | {"timestamp": "2026-03-01T10:30:00.124+01:00"},
        theirs | {"timestamp": None},
        theirs | {"actor": {"objectType": "Agent", "mbox": "mailto:ben@acme.example"}},
        theirs | {"result": theirs["result"] | {"success": False}},
        theirs | {"context": {}},
        {},
    ]
    assert not any(says_the_same(ours, other) for other in others)
