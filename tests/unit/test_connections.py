"""The connections that the page about production tells operators to count."""

import re

import pytest
from sqlalchemy import Engine, QueuePool

from bursar.database.engine import Database
from bursar.jobs.runner import CONCURRENCY, MANY_CONCURRENCY
from bursar.settings import Settings
from testing.paths import REPOSITORY

PAGE = (REPOSITORY / "docs/how-to/run-in-production.md").read_text()
ROWS = re.findall(r"^\| each (?:of the `--workers` )?(web|worker|command)\b[^|]*\|(.+)\|(.+)\|$",
                  PAGE, re.MULTILINE)  # fmt: skip
LISTENING = 1
"""DBOS hears of new jobs on a connection outside its pool."""


def most(engine: Engine) -> int:
    assert isinstance(engine.pool, QueuePool)
    return engine.pool.size() + engine.pool._max_overflow


def connections(pool_size: int) -> int:
    """No connection is opened for this."""
    database = Database("postgresql://bursar@localhost/bursar", pool_size=pool_size)
    return most(database.write_engine) + most(database.read_engine)


def numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"(?<![\d.])\d+(?![\d.])", text)]


@pytest.mark.parametrize("kind", ["web", "worker", "command"])
def test_the_page_counts_the_connections_of(kind: str) -> None:
    jobs = CONCURRENCY + MANY_CONCURRENCY
    # Two for the worker's own looks, and one for the loop that sends mail.
    wanted = {
        "web": connections(Settings().threads),
        "worker": connections(jobs + 2 + 1) + jobs + 4 + LISTENING,
        "command": connections(8),
    }
    told = {name: numbers(at_most) for name, at_most, _ in ROWS}
    assert wanted[kind] in told[kind]


def test_the_page_adds_them_up() -> None:
    told = {name: numbers(at_most) for name, at_most, _ in ROWS}
    total = 2 * told["web"][-1] + told["worker"][0] + told["command"][0]
    assert f"come to {total}," in PAGE
