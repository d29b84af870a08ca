"""How many statements a request sends, counted where they leave for the database."""

from collections.abc import Mapping
from typing import Any

from litestar.testing import TestClient

from benchmarks.world import World
from bursar.app import create_app
from bursar.settings import Settings
from testing.databases.composed import composed
from testing.databases.statements import statements_of

Request = tuple[str, Mapping[str, str]]
"""Path with query, and headers."""


def statement_counts(
    world: World, warm_up: Request, requests: Mapping[str, Request]
) -> dict[str, int]:
    """One request after another, in this process.

    `warm_up` comes first: it makes the process learn the keys and the members of the catalog.
    """
    database = composed(world.database_url)
    counts = {}
    app: Any = create_app(Settings(), database)
    with TestClient(app) as client, statements_of(database) as sent:
        for name, (path, headers) in {"": warm_up, **requests}.items():
            sent.clear()
            token = {"Authorization": f"JWT {world.token}"}
            client.get(path, headers=token | dict(headers))
            counts[name] = len(sent)
    del counts[""]
    return counts
