"""Catalogs that change while time passes, seen through HTTP by clients that keep copies."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import select

from bursar import clock
from bursar.app import create_app
from bursar.catalog.catalogs.refresh import refresh_pending
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.models import ContentItem
from bursar.catalog.imports.completion import delete_missing
from bursar.database.engine import Database
from bursar.identity.commands import DeclaredClient
from bursar.identity.service import put_client
from bursar.identity.tokens import KeyRing
from bursar.settings import Settings
from testing.clients.api import CATALOGS
from testing.clients.copying import Answer
from testing.clients.inside import Inside
from testing.worlds.catalog import ACTOR, ENTERPRISE, START, put, store

CLIENT: Final = "copier"
TICK: Final = timedelta(milliseconds=1)
_LONG: Final = 31_536_000
"""Seconds: tokens outlive the world."""


class MovingWorld:
    """Time stands still there, until something happens: then it is a little later."""

    def __init__(self, database: Database, inside: Inside, token: str) -> None:
        self.now = START
        self._database = database
        self._inside = inside
        self._headers = [
            (b"authorization", f"JWT {token}".encode()),
            (b"accept", b"application/json"),
        ]
        self._names = count()
        self.after_each_page: Callable[[], None] = lambda: None

    def new_name(self) -> str:
        """Of an organisation whose content nobody else has."""
        return f"Org{next(self._names)}"

    def pass_time(self, duration: timedelta = TICK) -> None:
        self.now += duration

    def catalog(self, content_filter: dict[str, Any] | None) -> UUID:
        uuid = uuid4()
        self.change(uuid, content_filter)
        return uuid

    def change(
        self, uuid: UUID, content_filter: dict[str, Any] | None, *, is_waiting: bool = False
    ) -> None:
        """With `is_waiting` the filter is evaluated by `refresh` only."""
        limit = 0 if is_waiting else 10_000
        with self._happening() as at, self._database.transaction() as session:
            put(session, content_filter, at, uuid, limit)

    def refresh(self) -> None:
        with self._happening():
            refresh_pending(self._database)

    def store(self, *documents: dict[str, Any]) -> None:
        with self._happening() as at, self._database.transaction() as session:
            store(session, documents, at)

    def delete(self, kind: ContentType, key: str) -> None:
        others = select(ContentItem.key).where(
            ContentItem.content_type == kind.value, ContentItem.key != key
        )
        with self._happening() as at, self._database.transaction() as session:
            world = {kind: set(session.scalars(others))}
            delete_missing(session, ACTOR, world, at, force=True)

    def get(self, target: str) -> Answer:
        path = target[target.index("/enterprise/") :]
        with clock.frozen_at(self.now):
            answer = self._inside.ask("GET", path.encode(), self._headers)
        assert answer.status == 200, answer.body
        self.after_each_page()
        return Answer(answer.headers, json.loads(answer.body))

    def path(self, catalog: UUID) -> str:
        return f"{CATALOGS}/{catalog}"

    @contextmanager
    def _happening(self) -> Iterator[datetime]:
        self.pass_time()
        with clock.frozen_at(self.now):
            yield self.now


@contextmanager
def moving_world(database: Database) -> Iterator[MovingWorld]:
    settings = Settings(token_ttl=_LONG)
    with clock.frozen_at(START):
        inside = Inside(create_app(settings, database))
        with database.transaction() as session:
            put(session, None, START)
            declared = DeclaredClient(client_id=CLIENT, enterprise_uuid=ENTERPRISE, role="admin")
            put_client(session, ACTOR, declared, at=START)
        token = KeyRing(database, settings).issue(CLIENT, {})[0]
    yield MovingWorld(database, inside, token)
    inside.close()
