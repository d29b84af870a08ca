"""What a running job works with. Jobs are called by DBOS, which hands over nothing but arguments,
so the worker puts its database here when it starts. One worker a process."""

from threading import Event

from bursar.database.engine import Database

stopping = Event()
"""Set while the worker stops: no further step may begin."""

_database: Database | None = None


def database() -> Database:
    """The worker's database. Raises RuntimeError in a process that runs no worker."""
    if _database is None:
        raise RuntimeError("no worker runs in this process")
    return _database


def enter(database: Database) -> None:
    global _database  # noqa: PLW0603 - see the module's docstring
    if _database is not None:
        raise RuntimeError("a worker runs in this process already")
    _database = database
    stopping.clear()


def leave() -> None:
    global _database  # noqa: PLW0603
    _database = None
