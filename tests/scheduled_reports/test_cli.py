from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from testing.servers.cli import Cli
from testing.servers.sftp import SftpSink
from testing.shops.reports import ACME, GLOBEX, SECRET
from tests.scheduled_reports.world import NOW, daily, declare, furnish, to_server

pytestmark = pytest.mark.slow


@pytest.fixture
def cli(database_url: str, tmp_path: Path) -> Cli:
    """With a report that is not due for a century."""
    cli = Cli(tmp_path, database_url)
    with cli.database() as database:
        furnish(database)
    return cli


def declared(cli: Cli, sftp: SftpSink, **fields: object) -> None:
    with cli.database() as database:
        declare(database, daily(to=to_server(sftp, **fields)), at=NOW + timedelta(days=36_500))


def run(cli: Cli, *arguments: str) -> tuple[int, str, str]:
    done = cli.run("reports", "run", *arguments, BURSAR_SECRET_KEY=SECRET)
    return done.returncode, done.stdout.strip(), done.stderr.strip()


def test_a_report_is_run_now_and_is_among_the_runs(cli: Cli, sftp: SftpSink) -> None:
    declared(cli, sftp)
    _, listed = cli.ok("reports", "list")
    assert listed.split()[:4] == ["acme", "licenses", "licenses", "csv"]
    assert f"sftp://127.0.0.1:{sftp.port}/incoming" in listed

    status, told, _ = run(cli, "licenses", "--now")
    (file,) = sftp.files
    assert (status, told) == (
        0,
        f"{len(sftp.text(file))} bytes to sftp://127.0.0.1:{sftp.port}/incoming",
    )
    _, shown = cli.ok("reports", "runs", "--state", "delivered", "--name", "licenses")
    assert shown.split()[1] == "licenses"
    assert len(cli.ok("reports", "runs", "--enterprise", GLOBEX)) == 1


def test_a_run_that_fails_says_why(cli: Cli, sftp: SftpSink) -> None:
    declared(cli, sftp, password="wrong")
    status, told, error = run(cli, "licenses", "--enterprise", ACME, "--now")
    assert (status, told) == (1, "")
    assert "licenses: the server does not let acme in" in error
    assert error.endswith("It is tried again.")


def test_without_now_a_worker_sends_it(cli: Cli, sftp: SftpSink) -> None:
    declared(cli, sftp)
    status, told, _ = run(cli, "licenses")
    assert (status, str(UUID(told))) == (0, told)
    assert sftp.files == []
    task = cli.run("run", "send-reports", BURSAR_SECRET_KEY=SECRET)
    assert task.stdout.strip() == "0 planned, 1 delivered, 0 retrying, 0 failed"
    assert len(sftp.files) == 1


def test_an_unknown_report_is_refused(cli: Cli, sftp: SftpSink) -> None:
    declared(cli, sftp)
    for arguments in (("progress",), ("licenses", "--enterprise", GLOBEX)):
        status, _, error = run(cli, *arguments)
        assert (status, error) == (2, f"No report '{arguments[0]}' is declared.")


def test_nothing_is_run_for_a_suspended_enterprise(cli: Cli, sftp: SftpSink) -> None:
    declared(cli, sftp)
    cli.ok("enterprise", "suspend", ACME)
    status, _, error = run(cli, "licenses", "--now")
    assert (status, error) == (2, "acme is suspended, and nothing is sent for it.")
