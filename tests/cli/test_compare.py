"""`bursar compare`, of two servers."""

from pathlib import Path
from typing import Any

import pytest

from testing.servers.cli import (
    CATALOG,
    SECRET,
    Cli,
    Finished,
    acme,
    catalog,
    client,
    course,
    declared,
)
from testing.servers.processes import free_port

pytestmark = pytest.mark.slow

PLAN = "904b1785-9d3a-1000-848d-6ae7a56e6355"


def run(number: int) -> dict[str, Any]:
    return {
        "key": f"course-v1:edX+C{number}+1",
        "uuid": f"00000000-0000-4000-8000-00000000000{number}",
        "status": "published",
        "title": f"Run {number}",
    }


def manifest(courses: int = 3, grade: float = 0.5) -> dict[str, Any]:
    plan = {
        "uuid": PLAN,
        "title": "Plan",
        "start_date": "2026-01-01T00:00:00Z",
        "expiration_date": "2036-01-01T00:00:00Z",
        "enterprise_catalog_uuid": CATALOG,
        "num_licenses": 3,
    }
    ana = {"email": "ana@acme.example", "consent": True, "created": "2026-01-01T00:00:00Z"}
    content = [
        {"course": course(number, course_runs=[run(number)])} for number in range(1, courses + 1)
    ]
    whole = acme(
        clients=[client()],
        catalogs=[catalog()],
        subscription_plans=[plan],
        learners=[ana],
        enrollments=[
            {
                "learner_email": "ana@acme.example",
                "courserun_key": run(1)["key"],
                "enrollment_date": "2026-02-01",
                "current_grade": grade,
            }
        ],
    )
    return declared(whole, content=content)


@pytest.fixture
def two(tmp_path: Path) -> tuple[Cli, Cli]:
    made = []
    for name in ("old", "new"):
        folder = tmp_path / name
        folder.mkdir()
        made.append(Cli(folder, f"sqlite:///{folder / 'bursar.db'}"))
    return made[0], made[1]


def compared(two: tuple[Cli, Cli], *options: str) -> Finished:
    with two[0].served() as old, two[1].served() as new:
        known = f"acme-integration:{SECRET}"
        addresses = ("--old", old.url, "--new", f"{new.url}/", "--client", known)
        finished = two[0].run("compare", *addresses, *options)
    assert "Traceback" not in finished.stderr
    assert SECRET not in finished.stdout + finished.stderr
    return finished


STAMPS = ("catalog_modified", "content_last_modified", "modified", "created", "created_at")
IGNORED = tuple(part for name in STAMPS for part in ("--ignore", name))


def test_two_services_that_were_told_the_same_differ_in_nothing(two: tuple[Cli, Cli]) -> None:
    for cli in two:
        cli.declare(manifest())
    finished = compared(two, *IGNORED)
    assert finished.returncode == 0, finished
    lines = finished.stdout.splitlines()
    assert "GET enterprise-catalogs: 1 compared" in lines
    assert "GET enterprise-catalogs/{catalog_id}: 3 compared" in lines
    assert "GET enterprise-catalogs/{catalog_id}/courses/...: 3 compared" in lines
    assert "GET subscriptions: 1 compared" in lines
    assert "GET enterprise-customer/{uuid}/learner-summary: 1 compared" in lines
    assert lines[-1].endswith("0 differences in 0 fields")


def test_what_differs_is_told_by_endpoint_and_field(two: tuple[Cli, Cli]) -> None:
    two[0].declare(manifest())
    other = manifest(2, grade=0.75)
    other["content"][0]["course"]["title"] = "Another title"
    other["enterprises"][0]["subscription_plans"][0]["num_licenses"] = 5
    two[1].declare(other)
    finished = compared(two, *IGNORED)
    assert finished.returncode == 1, finished
    told = finished.stdout
    assert '    edX+C1: "Course 1" | "Another title"' in told
    assert "  (only old): 1 differ\n    edX+C3" in told
    assert f"  licenses.total: 1 differ\n    {PLAN}: 3 | 5" in told
    assert "  current_grade: 1 differ\n" in told
    assert ": 0.5 | 0.75" in told
    assert "ana@" not in told


def test_a_service_that_is_away_or_gives_no_token_is_no_difference(two: tuple[Cli, Cli]) -> None:
    two[0].declare(manifest())
    nowhere = f"http://127.0.0.1:{free_port()}"
    with two[0].served() as server:
        here = ("compare", "--old", server.url, "--new")
        away = two[0].refused(*here, nowhere, "--client", f"acme-integration:{SECRET}", code=3)
        assert away[-1] == f"new: no answer from {nowhere}"
        wrong = two[0].refused(*here, server.url, "--client", "acme-integration:wrong", code=3)
        assert wrong[-1] == "old: no token, status 401"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("ftp://x", "http://y", "a:b"), "--old must begin with http:// or https://"),
        (("http://x", "y", "a:b"), "--new must begin with http:// or https://"),
        (("http://x", "http://y", "ab"), "--client is ID:SECRET"),
        (("http://x", "http://y", ":b"), "--client is ID:SECRET"),
    ],
)
def test_options_are_checked(two: tuple[Cli, Cli], options: tuple[str, ...], problem: str) -> None:
    old, new, known = options
    told = two[0].refused("compare", "--old", old, "--new", new, "--client", known)
    assert told[0].startswith(problem)
