"""`bursar events tail` prints the log, and goes on with it when asked to."""

import json
import os
import signal
import subprocess
from pathlib import Path
from uuid import uuid4

from bursar.database.engine import Database
from testing.servers.cli import Cli
from testing.servers.processes import PYTHON, child_environment
from tests.events.test_log import broken, happened
from tests.events.test_publish import ENTERPRISE, painted


def test_the_newest_events_are_printed_oldest_first(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    cli = Cli(tmp_path, database_url)
    things = [uuid4() for _ in range(12)]
    happened(database, *map(painted, things))
    happened(database, broken(things[0], uuid4()))
    lines = cli.ok("events", "tail", "--lines", "2")
    assert (
        f"thing.painted  thing {things[-1]} v1  client acme-integration  {ENTERPRISE}" in lines[0]
    )
    assert f"thing.broken  thing {things[0]} v2" in lines[1]
    shown = cli.ok("events", "tail", "--json", "--enterprise", str(ENTERPRISE))
    assert [json.loads(line)["object"]["uuid"] for line in shown] == list(map(str, things[2:]))
    assert cli.ok("events", "tail", "--type", "license.*") == []
    (sentence,) = cli.refused("events", "tail", "--type", "license.asigned")
    assert sentence.endswith("Did you mean license.assigned?")


def test_it_goes_on_until_it_is_interrupted(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    happened(database, painted(uuid4()))
    environment = child_environment(Cli(tmp_path, database_url).environment)
    with subprocess.Popen(
        [PYTHON, "-m", "bursar", "events", "tail", "--follow", "--lines", "1"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert "thing.painted" in process.stdout.readline()
        thing = uuid4()
        happened(database, broken(thing))
        assert f"thing.broken  thing {thing} v1" in process.stdout.readline()
        os.kill(process.pid, signal.SIGINT)
    assert process.returncode == 0
