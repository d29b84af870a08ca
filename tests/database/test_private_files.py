"""Nobody but their owner can read the files of a SQLite database, whatever the umask is."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from bursar.database.engine import Database
from bursar.database.private_files import keep_private, open_to_others, secret_beside


@pytest.fixture(autouse=True)
def _everybody_may_do_everything() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def modes(folder: Path) -> dict[str, int]:
    return {path.name: mode(path) for path in folder.iterdir()}


def test_a_new_database_is_private_and_its_folder_is(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    database = Database(f"sqlite:///{folder / 'bursar.db'}")
    assert secret_beside(folder / "bursar.db", make=True)
    with database.transaction() as session:
        session.execute(text("CREATE TABLE people (name TEXT)"))
        written = modes(folder)
    database.dispose()
    names = ("bursar.db", "bursar.db-wal", "bursar.db-shm", "bursar.db.secret")
    assert written == dict.fromkeys(names, 0o600)
    assert mode(folder) == 0o700
    assert database.tightened == []


def test_what_others_could_read_is_taken_from_them_with_a_line_each(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    file = folder / "bursar.db"
    Database(f"sqlite:///{file}").dispose()
    folder.chmod(0o755)
    file.chmod(0o644)
    (folder / "bursar.db-wal").touch(0o666)
    assert open_to_others(file) == [file, folder / "bursar.db-wal"]
    lines = keep_private(file)
    assert [line.split()[0] for line in lines] == [
        str(path) for path in (file, folder / "bursar.db-wal", folder)
    ]
    assert all("only its owner has access" in line for line in lines)
    assert (mode(folder), set(modes(folder).values())) == (0o700, {0o600})
    assert (keep_private(file), open_to_others(file)) == ([], [])


def test_a_folder_of_others_things_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir(mode=0o777)
    (folder / "somebodys.txt").touch()
    keep_private(folder / "bursar.db")
    assert (mode(folder), mode(folder / "bursar.db")) == (0o777, 0o600)
    assert open_to_others(folder / "bursar.db") == [folder]
    folder.chmod(0o1777)  # as /tmp is: nobody can replace what is another's
    assert open_to_others(folder / "bursar.db") == []


def test_the_folder_of_the_default_is_private_whatever_else_lies_in_it(tmp_path: Path) -> None:
    folder = tmp_path / ".bursar"
    folder.mkdir(mode=0o755)
    (folder / "demo.db").touch()
    assert len(keep_private(folder / "bursar.db")) == 1
    assert mode(folder) == 0o700


def test_of_several_processes_one_makes_the_secret(tmp_path: Path) -> None:
    file = tmp_path / "bursar.db"
    assert secret_beside(file, make=False) is None
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: secret_beside(file, make=True), range(8)))
    assert len(found) == 1
    assert found == {secret_beside(file, make=False)}
    assert len(found.pop() or "") >= 32
    assert [path.name for path in tmp_path.iterdir()] == ["bursar.db.secret"]


def test_a_second_way_in_leaves_the_locks_of_the_first(tmp_path: Path) -> None:
    """Another process that closes the database must not take itself for its last user."""
    file = tmp_path / "bursar.db"
    database = Database(f"sqlite:///{file}")
    with database.transaction() as session:
        session.execute(text("CREATE TABLE people (name TEXT)"))
    Database(f"sqlite:///{file}").dispose()
    assert _counted_by_another_process(file) == 0
    with database.transaction() as session:
        session.execute(text("INSERT INTO people VALUES ('Ann')"))
    assert _counted_by_another_process(file) == 1
    database.dispose()


def _counted_by_another_process(file: Path) -> int:
    counting = """
import contextlib, sqlite3, sys
with contextlib.closing(sqlite3.connect(sys.argv[1])) as connection:
    print(*connection.execute("SELECT count(*) FROM people").fetchone())
"""
    command = [sys.executable, "-c", counting, str(file)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
