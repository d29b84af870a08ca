"""How many statements a request sends, counted where they leave for the database."""

from collections.abc import Mapping
from typing import Any

from litestar.testing import TestClient
from sqlalchemy import event

from benchmarks.world import World
from bursar.app import create_app
from bursar.database.engine import Database
from bursar.settings import Settings
from testing.databases.composed import composed

Request = tuple[str, Mapping[str, str]]
"""Path with query, and headers."""


class _Counter:
    def __init__(self, database: Database) -> None:
        self.count = 0
        for engine in (database.read_engine, database.write_engine):
            event.listen(engine, "before_cursor_execute", self._note)

    def _note(self, *_: Any) -> None:
        self.count += 1


def statement_counts(
    world: World, warm_up: Request, requests: Mapping[str, Request]
) -> dict[str, int]:
    """One request after another, in this process.

    `warm_up` comes first: it makes the process learn the keys and the members of the catalog.
    """
    database = composed(world.database_url)
    counter = _Counter(database)
    counts = {}
    app: Any = create_app(Settings(), database)
    with TestClient(app) as client:
        for name, (path, headers) in {"": warm_up, **requests}.items():
            counter.count = 0
            token = {"Authorization": f"JWT {world.token}"}
            client.get(path, headers=token | dict(headers))
            counts[name] = counter.count
    del counts[""]
    return counts
