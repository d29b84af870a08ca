"""`/metrics` of the web and of a worker."""

import re
import urllib.request
from pathlib import Path

import pytest

from testing.servers.cli import Cli
from testing.servers.processes import ServerProcess, WorkerProcess, free_port
from testing.waiting import wait_until

pytestmark = pytest.mark.slow


def scraped(url: str) -> str:
    with urllib.request.urlopen(f"{url}/metrics", timeout=20) as response:
        text: str = response.read().decode()
        return text


def names_in(text: str) -> set[str]:
    return set(re.findall(r"^(bursar_\w+)", text, re.MULTILINE))


STORED = {
    "bursar_database_up",
    "bursar_mails",
    "bursar_mails_failed_recently",
    "bursar_mails_oldest_seconds",
    "bursar_task_last_success_timestamp_seconds",
}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_web_shows_requests_and_what_the_database_holds(tmp_path: Path, workers: str) -> None:
    cli = Cli(tmp_path, f"sqlite:///{tmp_path / 'bursar.db'}")
    with ServerProcess(tmp_path, cli.environment, "--workers", workers) as server:
        scraped(server.url)
        shown = names_in(scraped(server.url))
    assert shown >= STORED | {"bursar_requests_total", "bursar_pool_connections"}


def test_a_worker_shows_what_it_counted_and_what_the_database_holds(
    tmp_path: Path, database_url: str
) -> None:
    port = free_port()
    settings = {"BURSAR_DATABASE_URL": database_url, "BURSAR_WORKER_METRICS": f"127.0.0.1:{port}"}
    with WorkerProcess(tmp_path, settings) as worker:
        wait_until(lambda: _answers(port), "the worker answers")
        text = scraped(f"http://127.0.0.1:{port}")
        assert names_in(text) >= STORED
        assert "bursar_lms_calls" in text
        assert "bursar_database_up 1.0" in text
        worker.stop()


def test_an_address_that_is_taken_ends_the_worker(tmp_path: Path) -> None:
    cli = Cli(tmp_path, f"sqlite:///{tmp_path / 'bursar.db'}")
    with cli.served() as server:
        finished = cli.run("worker", BURSAR_WORKER_METRICS=f"127.0.0.1:{server.port}")
    assert finished.returncode == 2
    assert "BURSAR_WORKER_METRICS" in finished.stderr


def _answers(port: int) -> bool:
    try:
        return bool(scraped(f"http://127.0.0.1:{port}"))
    except OSError:
        return False
