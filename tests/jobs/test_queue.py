import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from bursar.catalog.catalogs.jobs import enqueue_refresh
from bursar.catalog.membership.models import CatalogQuery
from bursar.database.engine import Database
from bursar.jobs.queue import JobQueue, next_id
from testing.jobs import change_status, jobs

NOW = datetime(2026, 3, 1, tzinfo=UTC)
QUERY = UUID("101989c0-5dfa-4e0b-91dc-01f590148c6f")


class ChangedMindError(Exception):
    pass


def test_a_job_exists_when_the_transaction_commits(database: Database) -> None:
    with database.transaction() as session:
        job = JobQueue(database).enqueue(session, "work", "argument", 1, None)
    assert jobs(database) == {job: "ENQUEUED"}


def test_a_job_vanishes_with_a_rollback(database: Database) -> None:
    with pytest.raises(ChangedMindError):
        enqueue_and_change_mind(database)
    assert jobs(database) == {}


def enqueue_and_change_mind(database: Database) -> None:
    with database.transaction() as session:
        JobQueue(database).enqueue(session, "work", key="one")
        raise ChangedMindError


def test_the_same_key_twice_is_one_job_in_one_transaction_or_in_two(database: Database) -> None:
    queue = JobQueue(database)
    with database.transaction() as session:
        first = queue.enqueue(session, "work", key="one")
        assert queue.enqueue(session, "work", key="one") == first
    with database.transaction() as session:
        assert JobQueue(database).enqueue(session, "work", key="one") == first
    assert jobs(database) == {"one": "ENQUEUED"}


def test_the_same_key_at_the_same_time_is_one_job(database: Database) -> None:
    queue = JobQueue(database)

    def enqueue(_: int) -> str:
        with database.transaction() as session:
            return queue.enqueue(session, "work", key="one")

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(enqueue, range(24))) == {"one"}
    assert jobs(database) == {"one": "ENQUEUED"}


def test_a_successor_waits_and_stands_for_the_key(database: Database) -> None:
    queue = JobQueue(database)
    with database.transaction() as session:
        queue.enqueue(session, "work", key="one")
        for _ in range(2):
            assert queue.enqueue_successor(session, "one", "work", 1, seconds=60) == "one#2"
        assert queue.enqueue_successor(session, "one#2", "work", 2, seconds=60) == "one#3"
    for given_up in ("SUCCESS", "ERROR"):
        change_status(database, "one", given_up)
        with database.transaction() as session:
            assert queue.enqueue(session, "work", key="one") == "one#3"
    change_status(database, "one#3", "ERROR")
    with database.transaction() as session:
        assert queue.enqueue(session, "work", key="one") == "one#4"
    assert jobs(database) == {
        "one": "ERROR", "one#2": "DELAYED", "one#3": "ERROR", "one#4": "ENQUEUED",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("job", "following"),
    [("one", "one#2"), ("one#2", "one#3"), ("one#99", "one#100"), ("o#e", "o#e#2"), ("#", "##2")],
)
def test_jobs_of_a_key_are_numbered(job: str, following: str) -> None:
    assert next_id(job) == following


def test_without_a_key_every_job_is_its_own(database: Database) -> None:
    queue = JobQueue(database)
    with database.transaction() as session:
        assert queue.enqueue(session, "work") != queue.enqueue(session, "work")
    assert len(jobs(database)) == 2


def test_a_filter_is_evaluated_once_for_each_time_that_it_comes_back(database: Database) -> None:
    for created_at in (NOW, NOW, NOW + timedelta(seconds=1)):
        with database.transaction() as session:
            session.add(waiting_query(created_at))
            session.flush()
            enqueue_refresh(JobQueue(database), session, QUERY)
        with database.transaction() as session:
            enqueue_refresh(JobQueue(database), session, QUERY)
            session.delete(session.get_one(CatalogQuery, QUERY))
    assert len(jobs(database)) == 2


def test_nothing_is_enqueued_for_a_filter_that_is_gone(database: Database) -> None:
    with database.transaction() as session:
        enqueue_refresh(JobQueue(database), session, QUERY)
    assert jobs(database) == {}


def waiting_query(created_at: datetime) -> CatalogQuery:
    return CatalogQuery(
        uuid=QUERY,
        content_filter={},
        created_at=created_at,
        ready=False,
        evaluated_to=0,
        version=1,
        content_modified_at=created_at,
    )


def test_a_process_that_enqueues_nothing_does_not_load_dbos(tmp_path: Path) -> None:
    program = (
        "import sys, bursar.catalog.catalogs.jobs, bursar.work\n"
        "from bursar.database.engine import Database\n"
        "from bursar.jobs.queue import JobQueue\n"
        f"JobQueue(Database('sqlite:///{tmp_path}/bursar.db'))\n"
        "sys.exit('dbos' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
