"""How long it takes to pull the progress of a large run from an LMS."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid5

import httpx
from pydantic import SecretStr

from benchmarks.results import Result
from benchmarks.stage import Stage
from benchmarks.world import CLIENT_ID, opened
from bursar import clock
from bursar.actors import Actor
from bursar.batches import batched
from bursar.connectors.openedx.client import LmsAccess
from bursar.connectors.openedx.progress_lists import OpenEdxLists
from bursar.database.engine import Database
from bursar.enrollment.commands import NewEnrollment, Payer
from bursar.enrollment.progress.pulling import Pull
from bursar.enrollment.service import record_enrollments
from bursar.learners.commands import DeclaredLearner
from bursar.learners.service import find_learners, put_learners
from testing.fakes.lms import CLIENT_ID as LMS_CLIENT_ID
from testing.fakes.lms import CLIENT_SECRET, FakeLmsProcess
from testing.worlds import declared

LEARNERS: Final = 10_000
COURSES: Final = 502
"""A world of its own, since it is filled with learners."""
BOUND_SECONDS: Final = 60.0
RUN: Final = "course-v1:edX+Crowded+1"
EVERY: Final = timedelta(hours=1)
_ACTOR: Final = Actor("benchmark")
_ENTERPRISE: Final = uuid5(UUID("7a1d3c52-0b1e-4a53-8a52-3d9a0c5f6e71"), "pulled")


def crowded_run(stage: Stage) -> Sequence[Result]:
    """With default settings: first when everything is new, and then when half of the grades are."""
    with opened(stage.world(COURSES).database_url) as database, _lms(stage) as lms:
        _enroll(database)
        _fill(lms, {number: number / LEARNERS for number in range(LEARNERS)})
        first = _pull(database, lms)
        _fill(lms, dict.fromkeys(range(0, LEARNERS, 2), 0.5))
        again = _pull(database, lms)
    name = f"pull of a run of {LEARNERS:,} learners"
    return [
        Result(
            f"{name}, {kind}",
            f"{seconds:.1f} s",
            "",
            "",
            f"< {BOUND_SECONDS:.0f} s",
            seconds < BOUND_SECONDS,
        )
        for kind, seconds in (("all new", first), ("half new", again))
    ]


def _pull(database: Database, lms: FakeLmsProcess) -> float:
    reader = OpenEdxLists(LmsAccess(lms.url, LMS_CLIENT_ID, SecretStr(CLIENT_SECRET)), 180)
    began = time.perf_counter()
    pulled = Pull(database, reader, EVERY).run(all_runs=True)
    seconds = time.perf_counter() - began
    reader.close()
    if pulled.runs != 1 or not pulled.taken.changed:
        raise RuntimeError(f"the pull has brought nothing: {pulled}")
    return seconds


def _enroll(database: Database) -> None:
    manifest = declared.enterprise(_ENTERPRISE, "Pulled", CLIENT_ID)
    declared.declare(database, {"enterprises": [manifest]})
    now = clock.now()
    for numbers in batched(range(LEARNERS), 1_000):
        people = [
            DeclaredLearner(
                email=f"p{number}@example.com",
                username=f"p{number}",
                lms_user_id=number + 1,
                consent=True,
            )
            for number in numbers
        ]
        with database.transaction() as session:
            put_learners(session, _ACTOR, _ENTERPRISE, people, at=now)
            found = find_learners(session, _ENTERPRISE, [each.email for each in people])
            seats = [
                NewEnrollment(
                    _ENTERPRISE, each.id, RUN, Payer.LICENSE, license_uuid=UUID(int=each.id)
                )
                for each in found.values()
            ]
            record_enrollments(session, _ACTOR, seats, at=now)


@contextmanager
def _lms(stage: Stage) -> Iterator[FakeLmsProcess]:
    folder = stage.folder / "pulling"
    folder.mkdir()
    with FakeLmsProcess(folder) as lms:
        yield lms


def _fill(lms: FakeLmsProcess, grades: dict[int, float]) -> None:
    wanted = {
        "enrollments": [[f"p{number}", RUN, "verified"] for number in range(LEARNERS)],
        "grades": [
            [f"p{number}", RUN, percent, percent > 0.6] for number, percent in grades.items()
        ],
    }
    url = f"{lms.url}/_fake/configure"
    httpx.post(url, json=wanted, trust_env=False, timeout=30).raise_for_status()


MEASUREMENTS: Final = {"pulling": crowded_run}
