"""Processes that give places are killed in the middle: nothing is lost, and nothing comes twice."""

import os
import signal
import subprocess
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from bursar.database.engine import Database
from bursar.events.log import newest_position
from testing.paths import REPOSITORY
from testing.servers.processes import PYTHON, child_environment
from testing.waiting import wait_until
from tests.events.test_log import followed, happened, placed
from tests.events.test_publish import painted

MORTAL = """
import sys
from bursar.events.sequencing import sequence
from testing.databases.composed import composed

with composed(sys.argv[1]).transaction() as session:
    print(sequence(session), flush=True)
    sys.stdin.read()
"""


def killed_in_the_middle(database_url: str, folder: Path) -> int:
    """How many events it had placed, and not committed."""
    command = [PYTHON, "-c", MORTAL, database_url]
    environment = child_environment({"PYTHONPATH": f"{REPOSITORY / 'src'}:{REPOSITORY}"})
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdin=pipe, stdout=pipe, text=True
    ) as process:
        assert process.stdout is not None
        count = int(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
    return count


@pytest.mark.slow
def test_places_of_a_process_that_was_killed_are_given_by_the_next(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    things = [str(uuid4()) for _ in range(6)]
    seen: list[str] = []
    after = None
    for number in range(2):
        happened(database, *(painted(UUID(each)) for each in things[3 * number : 3 * number + 3]))
        assert killed_in_the_middle(database_url, tmp_path) == 3
        rows, after = followed(database, after)
        assert rows == []
        # The server notices a moment later that nobody holds the lock any more.
        wait_until(lambda: placed(database) == 3, "the next one places them")
        rows, after = followed(database, after)
        seen += [uuid for _, uuid, _ in rows]
    assert seen == things
    with database.read() as connection:
        assert newest_position(connection) == 6
