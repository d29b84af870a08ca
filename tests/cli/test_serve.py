"""Processes that stay: serve, worker, demo; and what keeps them from starting."""

import json
import re
import shutil
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from testing.servers.cli import Cli, Finished, acme, declared, stopped
from testing.servers.processes import free_port, is_healthy
from testing.waiting import wait_until

pytestmark = pytest.mark.slow

BEHIND = ["The database schema is older than this version. Run `bursar db upgrade`."]
NEEDS_CURRENT_SCHEMA = [
    ("serve", "--port", "0"),
    ("worker",),
    ("apply", "-f", "m.json"),
    ("check",),
    ("clients", "list"),
    ("import", "content", "m.json"),
]


def address_told_by(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    # Warnings of the log stand before it.
    line = next(line for line in process.stderr if not line.startswith("{"))
    found = re.fullmatch(r"Bursar listens on (http://\S+:\d+)\n", line)
    assert found, line
    return found[1]


class TestServe:
    def test_port_0_is_a_free_one_and_its_address_is_told(self, cli: Cli) -> None:
        with cli.started("serve", "--port", "0") as process:
            url = address_told_by(process)
            assert not url.endswith(":0")
            wait_until(lambda: is_healthy(url))
            assert stopped(process) == 0
            assert not is_healthy(url)

    @pytest.mark.parametrize("options", [("--workers", "2"), ("--no-worker",)])
    def test_a_term_signal_ends_all_processes_in_order(
        self, on_sqlite: Cli, options: tuple[str, ...]
    ) -> None:
        with on_sqlite.started("serve", "--port", "0", *options) as process:
            url = address_told_by(process)
            wait_until(lambda: is_healthy(url))
            assert stopped(process) == 0
            assert not is_healthy(url)
            assert process.stderr is not None
            assert "Traceback" not in process.stderr.read()

    def test_a_name_can_be_listened_on(self, on_sqlite: Cli) -> None:
        with on_sqlite.started("serve", "--host", "localhost", "--port", "0") as process:
            url = address_told_by(process)
            assert url.startswith("http://localhost:")
            wait_until(lambda: is_healthy(url.replace("localhost", "127.0.0.1")))

    @pytest.mark.parametrize("command", ["serve", "demo"])
    def test_a_port_that_is_taken_is_told(self, on_sqlite: Cli, command: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = str(other.getsockname()[1])
            (line,) = on_sqlite.refused(command, "--port", port, code=1)
        assert f"port {port}" in line
        assert "--port 0" in line

    def test_a_port_of_another_server_is_not_shared(self, on_sqlite: Cli) -> None:
        with on_sqlite.served() as server:
            (line,) = on_sqlite.refused("serve", "--port", str(server.port), code=1)
        assert "in use" in line

    @pytest.mark.parametrize(
        "options", [("--port", "65536"), ("--port", "x"), ("--workers", "0"), ("--what",)]
    )
    def test_options_that_make_no_sense_are_refused(
        self, on_sqlite: Cli, options: tuple[str, ...]
    ) -> None:
        on_sqlite.refused("serve", *options)

    def test_a_host_that_is_none_is_told(self, on_sqlite: Cli) -> None:
        (line,) = on_sqlite.refused("serve", "--host", "nowhere.invalid", "--port", "0", code=1)
        assert "nowhere.invalid" in line


class TestSchema:
    def test_an_unmigrated_postgres_keeps_each_command_from_starting(
        self, on_empty_postgres: Cli
    ) -> None:
        on_empty_postgres.write("m.json", declared(acme()))

        def refusal(arguments: tuple[str, ...]) -> list[str]:
            return on_empty_postgres.refused(*arguments, code=3)

        with ThreadPoolExecutor(3) as pool:
            assert list(pool.map(refusal, NEEDS_CURRENT_SCHEMA)) == [BEHIND] * 6

    def test_after_the_upgrade_they_start(self, on_empty_postgres: Cli) -> None:
        for _ in range(2):
            assert on_empty_postgres.ok("db", "upgrade") == ["the schema is current"]
        assert on_empty_postgres.apply(declared(acme())) == "1 created, 0 changed, 0 unchanged"
        with on_empty_postgres.served() as server:
            assert is_healthy(server.url)
        assert "keys.unsealed" in server.log
        with on_empty_postgres.served(BURSAR_SECRET_KEY="s" * 32) as server:
            assert is_healthy(server.url)
        assert "keys.unsealed" not in server.log

    def test_two_upgrades_at_once_do_it_once(self, on_empty_postgres: Cli) -> None:
        with ThreadPoolExecutor(2) as pool:
            for run in pool.map(lambda _: on_empty_postgres.ok("db", "upgrade"), range(2)):
                assert run == ["the schema is current"]
        assert on_empty_postgres.ok("check") == ["everything holds"]

    def test_a_sqlite_file_is_made_and_migrated_by_any_command(self, on_sqlite: Cli) -> None:
        assert on_sqlite.ok("check") == ["everything holds"]
        assert on_sqlite.ok("db", "upgrade") == ["the schema is current"]

    def test_without_a_setting_the_file_is_in_the_working_folder(self, tmp_path: Path) -> None:
        assert Cli(tmp_path, "").ok("check") == ["everything holds"]
        assert (tmp_path / ".bursar" / "bursar.db").exists()


class TestWorker:
    def test_it_runs_until_it_is_told_to_stop(self, cli: Cli) -> None:
        with cli.started("worker", BURSAR_LOG_LEVEL="INFO") as process:
            assert process.stderr is not None
            assert "worker started" in process.stderr.readline()
            assert stopped(process) == 0


class TestSettings:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("BURSAR_TOKEN_TTL", "soon"),
            ("BURSAR_TOKEN_TTL", "0"),
            ("BURSAR_THREADS", "-1"),
            ("BURSAR_LOG_LEVEL", "LOUD"),
            ("BURSAR_LOG_FORMAT", "yaml"),
            ("BURSAR_RATE_LIMIT", "often"),
            ("BURSAR_TRUSTED_PROXIES", "10.0.0.0/8,everybody"),
            ("BURSAR_DATABASE_URL", "mysql://me:hunter2@db.example/books"),
            ("BURSAR_DATABASE_URL", "books.db"),
            ("BURSAR_DATABASE_URL", "sqlite://"),
        ],
    )
    def test_a_bad_one_is_named_and_not_quoted(self, on_sqlite: Cli, name: str, value: str) -> None:
        finished = on_sqlite.run("check", **{name: value})
        assert finished.returncode == 2
        assert finished.stderr.startswith(f"{name}: ")
        assert "hunter2" not in finished.stderr
        assert "Traceback" not in finished.stderr

    def test_all_bad_ones_are_told_at_once(self, on_sqlite: Cli) -> None:
        finished = on_sqlite.run("check", BURSAR_TOKEN_TTL="x", BURSAR_THREADS="y")
        names = [line.partition(":")[0] for line in finished.stderr.splitlines()]
        assert names == ["BURSAR_TOKEN_TTL", "BURSAR_THREADS"]

    @pytest.mark.parametrize("command", [("check",), ("db", "upgrade"), ("serve", "--port", "0")])
    def test_a_database_that_is_away_is_told(
        self, on_sqlite: Cli, command: tuple[str, ...]
    ) -> None:
        away = f"postgresql://nobody@127.0.0.1:{free_port()}/books"
        at_once = {"BURSAR_DATABASE_URL": away, "BURSAR_DATABASE_WAIT": "0"}
        unusable(on_sqlite.run(*command, **at_once))

    def test_a_file_that_is_no_database_is_told_and_kept(self, on_sqlite: Cli) -> None:
        text = "Dear diary, " * 100
        on_sqlite.write("diary.db", text)
        unusable(on_sqlite.run("check", BURSAR_DATABASE_URL="sqlite:///diary.db"))
        unusable(on_sqlite.run("check", BURSAR_DATABASE_URL="sqlite:///diary.db/bursar.db"))
        assert (on_sqlite.folder / "diary.db").read_text() == text


def unusable(finished: Finished) -> None:
    assert finished.returncode == 1
    assert finished.stderr.startswith("The database cannot be used: ")
    assert "Traceback" not in finished.stderr


class TestDemo:
    def test_the_three_requests_it_prints_are_answered(self, on_sqlite: Cli) -> None:
        if shutil.which("curl") is None:
            pytest.skip("curl is not installed, and the demo prints curl lines")
        url = f"http://127.0.0.1:{free_port()}"
        port = url.rpartition(":")[2]
        with on_sqlite.started("demo", "--port", port, BURSAR_DATABASE_URL="") as process:
            assert process.stdout is not None
            printed = list(iter(process.stdout.readline, "Stop with Ctrl-C. What you change is kept"
                                f" in {on_sqlite.folder / '.bursar' / 'demo.db'}.\n"))  # fmt: skip
            lines = [line for line in printed if line.startswith("curl ")]
            wait_until(lambda: is_healthy(url))
            answers = [json.loads(shell(line.replace("curl", "curl -sSf", 1))) for line in lines]
            assert stopped(process) == 0
        got_token, content, summary = answers
        assert got_token["token_type"] == "JWT"
        assert len(content["results"]) == 5
        assert content["next"].startswith(url)
        assert summary["count"] >= 2_000
        told = dict(line.split() for line in printed if line.startswith("  enterprise"))
        found = {row["enterprise_customer_uuid"] for row in summary["results"]}
        assert found == {told["enterprise"]}

    def test_it_can_be_started_again_with_what_was_kept(self, on_sqlite: Cli) -> None:
        for _ in range(2):
            with on_sqlite.started("demo", "--port", "0") as process:
                assert process.stdout is not None
                assert "is about to serve" in process.stdout.readline()
                assert stopped(process) in {0, -15}
        assert on_sqlite.ok("check") == ["everything holds"]

    def test_it_wants_no_postgres(self, on_sqlite: Cli) -> None:
        finished = on_sqlite.run("demo", BURSAR_DATABASE_URL="postgresql://me@db.example/books")
        assert finished.returncode == 1
        assert "SQLite" in finished.stderr


def shell(line: str) -> str:
    return subprocess.run(
        ["/bin/sh", "-c", line], capture_output=True, text=True, timeout=60, check=True
    ).stdout
