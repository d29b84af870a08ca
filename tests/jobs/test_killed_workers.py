"""Workers that end without a word, and others that finish what they began."""

from contextlib import ExitStack
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import func, select, text

from bursar.actors import Actor
from bursar.catalog.catalogs.checks import check_catalogs
from bursar.catalog.catalogs.jobs import REFRESH_QUERY, enqueue_refresh
from bursar.catalog.catalogs.models import Catalog
from bursar.catalog.catalogs.refresh import pending_queries
from bursar.catalog.content.documents import parse_document
from bursar.catalog.content.models import ContentItem
from bursar.catalog.imports.service import store_documents
from bursar.catalog.membership.models import CatalogQuery, QueryMember
from bursar.database.engine import Database
from bursar.demo.content import courses
from bursar.jobs.queue import JobQueue
from bursar.jobs.recovery import lock_key
from bursar.provisioning.apply import apply
from bursar.provisioning.manifest import from_data
from testing.jobs import jobs, worker_process
from testing.waiting import wait_until

pytestmark = pytest.mark.slow

WORKER = "tests.jobs.worker_process"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
ACTOR = Actor("test")
COUNT = 400
CATALOG = UUID("101989c0-5dfa-4e0b-91dc-01f590148c6f")
MANIFEST = from_data(
    {
        "enterprises": [
            {
                "uuid": "66b5922b-a22b-4a7b-b587-d4af0378bd6f",
                "name": "Acme",
                "slug": "acme",
                "catalogs": [
                    {
                        "uuid": str(CATALOG),
                        "title": "Introductory",
                        "content_filter": {
                            "content_type": "course",
                            "level_type": "Introductory",
                        },
                    }
                ],
            }
        ]
    }
)


@pytest.fixture
def query(database: Database) -> UUID:
    """A filter over much content that was applied, with its evaluation enqueued."""
    with database.transaction() as session:
        documents = [parse_document(course) for course in courses(COUNT, NOW)]
        store_documents(session, ACTOR, documents, NOW)
    with database.transaction() as session:
        apply(session, ACTOR, [MANIFEST], now=NOW, refresh_inline_limit=0)
        [uuid] = pending_queries(session)
        enqueue_refresh(JobQueue(database), session, uuid)
    assert statuses(database) == ["ENQUEUED"]
    return uuid


def evaluated(database: Database, query: UUID) -> int:
    with database.transaction() as session:
        statement = select(CatalogQuery.evaluated_to).where(CatalogQuery.uuid == query)
        last = session.scalar(statement)
        counted = select(func.count()).where(ContentItem.id <= last)
        return session.scalar(counted) or 0


def statuses(database: Database) -> list[str]:
    """Of the evaluations: scheduled work may come between."""
    stored = jobs(database)
    return [stored[job] for job in stored if job.startswith(REFRESH_QUERY.name)]


def await_progress(database: Database, query: UUID, share: float) -> None:
    wait_until(lambda: evaluated(database, query) >= COUNT * share, "some was evaluated")


def await_end(database: Database) -> None:
    wait_until(lambda: statuses(database) == ["SUCCESS"], "the job succeeded")


def assert_complete(database: Database, query: UUID) -> None:
    with database.transaction() as session:
        assert list(check_catalogs(session)) == []
        assert session.get_one(CatalogQuery, query).ready
        assert session.get_one(Catalog, CATALOG).query_uuid == query
        members = select(func.count()).select_from(QueryMember)
        assert 0 < (session.scalar(members) or 0) < COUNT


def test_the_next_worker_finishes_what_a_killed_one_began(
    database: Database, database_url: str, query: UUID
) -> None:
    for share in (0.1, 0.4):
        with worker_process(WORKER, database_url) as killed:
            await_progress(database, query, share)
            killed.kill()
            killed.wait()
        assert statuses(database) == ["PENDING"]
        assert evaluated(database, query) < COUNT
    with worker_process(WORKER, database_url) as last:
        await_end(database)
        last.terminate()
        assert last.wait(20) == 0
    assert_complete(database, query)


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_a_living_worker_takes_over_from_a_killed_one(
    database: Database, database_url: str, query: UUID
) -> None:
    with ExitStack() as stack:
        workers = [stack.enter_context(worker_process(WORKER, database_url)) for _ in range(2)]
        await_progress(database, query, 0.1)
        holder = next(worker for worker in workers if f":{worker.pid}:" in executor(database))
        holder.kill()
        holder.wait()
        await_end(database)
    assert_complete(database, query)


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_a_worker_that_lost_its_lock_takes_it_again_and_its_job_is_done_once(
    database: Database, database_url: str, query: UUID
) -> None:
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(worker_process(WORKER, database_url))
        await_progress(database, query, 0.1)
        holder = executor(database)
        with database.read() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'bursar worker' AND datname = current_database()"
                )
            )
        wait_until(lambda: is_locked(database, holder), "the lock is held again")
        await_end(database)
    assert_complete(database, query)


def executor(database: Database) -> str:
    with database.read() as connection:
        statement = text("SELECT executor_id FROM dbos.workflow_status WHERE name = :name")
        return str(connection.execute(statement, {"name": REFRESH_QUERY.name}).scalar_one())


def is_locked(database: Database, worker_id: str) -> bool:
    key = lock_key(worker_id)
    with database.read() as connection:
        taken = connection.scalar(select(func.pg_try_advisory_lock(key)))
        if taken:
            connection.execute(select(func.pg_advisory_unlock(key)))
        return not taken
