"""A server that is told to stop while it answers."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import pytest

from bursar.database.engine import Database
from bursar.web.system import STOPPING
from testing.clients.api import Api
from testing.clients.samples import GOOD_BODY
from testing.databases.migrated import migrated_url
from testing.servers.contract_endpoints import THINGS
from testing.servers.processes import ServerProcess, is_healthy
from testing.shops.service import Service, furnish
from testing.waiting import PATIENCE_SECONDS, wait_until
from testing.worlds.contract import ADMIN, EXAMPLES

pytestmark = pytest.mark.slow

NAME = "asked before the end"


def ask_slowly(api: Api) -> int:
    body = GOOD_BODY | {"name": NAME, "pause_milliseconds": 2000}
    return api.post(f"{THINGS}/{EXAMPLES}", json=body).status_code


def is_being_written(database: Database) -> bool:
    """Whether somebody holds SQLite's only lock for writing."""
    path = database.url.database or ""
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        return False


def test_a_request_under_way_is_finished(tmp_path: Path) -> None:
    with ExitStack() as stack, ThreadPoolExecutor(1) as thread:
        service = Service.running(stack, migrated_url(tmp_path, None), tmp_path, {})
        furnish(service.database)
        asked = thread.submit(ask_slowly, service.acting_as(ADMIN))
        wait_until(lambda: is_being_written(service.database), "the request is under way")
        service.server.stop()
        assert asked.result(PATIENCE_SECONDS) == 201
        assert service.changes_of(NAME) == 1
        assert not is_healthy(service.url)
        assert "Traceback" not in service.log()


def test_balancers_are_told_first_and_requests_are_answered_meanwhile(tmp_path: Path) -> None:
    settings = {"BURSAR_DATABASE_URL": migrated_url(tmp_path, None), "BURSAR_DRAIN_SECONDS": "2"}
    with ServerProcess(tmp_path, settings) as server, ThreadPoolExecutor(1) as thread:
        assert httpx.get(f"{server.url}/ready").status_code == 200
        stopped = thread.submit(server.stop)
        wait_until(lambda: httpx.get(f"{server.url}/ready").status_code != 200, "it is stopping")
        ready = httpx.get(f"{server.url}/ready")
        assert (ready.status_code, ready.json()) == (503, {"detail": STOPPING})
        assert is_healthy(server.url)
        stopped.result(PATIENCE_SECONDS)
        assert not is_healthy(server.url)
