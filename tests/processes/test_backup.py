"""A backup is made while clients write, and work goes on from it somewhere else."""

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from bursar.delivery.models import Delivery, DeliveryStatus
from testing.databases.migrated import migrated_url
from testing.databases.postgres import PostgresAddress, find_binaries
from testing.servers.cli import Cli
from testing.servers.installation import running
from testing.shops.budget import BudgetShop
from testing.waiting import wait_until

pytestmark = pytest.mark.slow


def copied(cli: Cli, postgres: PostgresAddress | None) -> Cli:
    """As the how-to says."""
    if postgres is None:
        copy = cli.folder / "copy.db"
        assert cli.ok("db", "backup", str(copy)) == [str(copy)]
        assert copy.stat().st_mode & 0o777 == 0o600
        return Cli(cli.folder, f"sqlite:///{copy}")
    restored, dump = postgres.create_database(f"r{uuid4().hex}"), cli.folder / "bursar.dump"
    _run("pg_dump", "--format=custom", f"--file={dump}", cli.url)
    _run("pg_restore", "--exit-on-error", "--no-owner", f"--dbname={restored}", str(dump))
    return Cli(cli.folder, restored)


def _run(program: str, *arguments: str) -> None:
    # Where initdb is only a link, the rest of the package is where it leads to.
    folder = (find_binaries() / "postgres").resolve().parent
    subprocess.run([folder / program, *arguments], check=True)


@contextmanager
def written_to(budget: BudgetShop) -> Iterator[None]:
    over = Event()

    def write() -> int:
        number = 0
        while not over.is_set():
            budget.assigned(f"busy{number}@example.org", price=1)
            number += 1
        return number

    with ThreadPoolExecutor(1) as thread:
        written = thread.submit(write)
        try:
            yield
        finally:
            over.set()
    assert written.result() > 0


def test_work_goes_on_from_a_backup_that_was_made_under_load(
    dialect: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    postgres = None if dialect == "sqlite" else request.getfixturevalue("postgres")
    cli = Cli(tmp_path, migrated_url(tmp_path, postgres))
    with running(cli, ((),)) as ground:
        (budget,) = ground.open_budget()
        before = budget.assigned("early@example.org")
        with written_to(budget):
            copy = copied(cli, postgres)
    assert copy.ok("check") == ["everything holds"]
    with running(copy, ((),), has_worker=postgres is not None) as elsewhere:
        # With the token of before: the signing keys are in the copy.
        (there,) = elsewhere.everywhere(budget)
        assert there.assignment(before[0])["learner_email"] == "early@example.org"
        there.assigned("late@example.org")
        wait_until(lambda: pending(copy) == 0)
    assert copy.ok("check") == ["everything holds"]


def pending(cli: Cli) -> int:
    statement = (
        select(func.count()).select_from(Delivery).where(Delivery.status == DeliveryStatus.PENDING)
    )
    with cli.database() as database, database.read() as connection:
        return connection.scalar(statement) or 0
