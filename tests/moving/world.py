"""Two installations: one in which two enterprises live, and one that they move to."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from bursar import clock
from bursar.actors import Actor
from bursar.app import create_app
from bursar.catalog.content.models import ContentItem
from bursar.cli.declare import CHECKS
from bursar.customers import deletion
from bursar.database.engine import Database
from bursar.enrollment.commands import ReportSource
from bursar.enrollment.progress.reported_rows import parse_object
from bursar.enrollment.progress.service import store_reported
from bursar.events.log import read_new
from bursar.events.models import EventReader, EventSequence
from bursar.events.sequencing import Sequencer
from bursar.identity.models import Enterprise
from bursar.identity.service import set_suspended
from bursar.identity.tokens import KeyRing
from bursar.moving.service import Adoption, adopt, dump
from bursar.settings import Settings
from bursar.webhooks.writing import READER
from bursar.work import open_database
from bursar.xapi import fanout as xapi
from testing.clients.inside import Inside
from testing.clients.samples import DOCUMENTED, DOWNLOADS, FOREIGN, OWN, READS, Sample
from testing.databases.migrated import copied_url
from testing.databases.plugin import fresh_url
from testing.worlds.contract import ACME, ADMIN, GLOBEX, GLOBEX_ADMIN, RUN_KEY
from tests.moving.furnishing import SECRET, furnish_rest
from tests.people.world import PERSON, settle

ACTOR = Actor("operator:test")
Line = dict[str, Any]
"""Of a dump."""
ASKED = {
    name: sample
    for name, sample in {**READS, **DOWNLOADS}.items()
    if name in DOCUMENTED and name not in {"the caller", "the clock of a sandbox"}
}
"""Every GET of the API. Who the caller is depends on the token, and what time it is on the time."""


@dataclass
class Place:
    """An installation."""

    url: str
    database: Database
    folder: Path

    def dump(self, enterprise: UUID | None = None, name: str = "dump.jsonl") -> Path:
        path = self.folder / name
        path.write_bytes(b"".join(dump(self.database, enterprise)))
        return path

    def adopt(self, path: Path, *, dry_run: bool = False) -> Adoption:
        return adopt(self.database, ACTOR, path, clock.now(), dry_run=dry_run)

    def problems(self) -> list[str]:
        """What `bursar check` finds."""
        with self.database.transaction() as session:
            return [problem for prove in CHECKS for problem in prove(session)]

    def place_events(self) -> None:
        while Sequencer(self.database).place():
            pass

    def read_log(self) -> None:
        """As the fan-outs of webhooks and of xAPI do."""
        self.place_events()
        with self.database.transaction() as session:
            for name in (READER, xapi.READER):
                while (page := read_new(session, name, (), 1_000)) is not None and page.has_more:
                    pass

    def is_empty(self) -> bool:
        with self.database.read() as connection:
            return not connection.execute(select(Enterprise.uuid)).first() and not (
                connection.execute(select(ContentItem.id)).first()
            )

    def answers(self, *enterprises: UUID) -> dict[str, tuple[int, Any]]:
        """To every GET, of an administrator of each enterprise."""
        with self._inside() as inside:
            return {
                f"{name} of {client}": self._answer(inside, client, target, sample)
                for name, sample in ASKED.items()
                for client, target in _asking(sample, enterprises or (ACME, GLOBEX))
            }

    @contextmanager
    def _inside(self) -> Iterator[Inside]:
        inside = Inside(create_app(Settings(), self.database, []))
        yield inside
        inside.close()

    def _answer(self, inside: Inside, client: str, target: str, sample: Sample) -> tuple[int, Any]:
        token = KeyRing(self.database, Settings()).issue(client, {})[0]
        accept = b"text/csv" if sample in DOWNLOADS.values() else b"application/json"
        headers = [(b"authorization", f"JWT {token}".encode()), (b"accept", accept)]
        answered = inside.ask("GET", target.encode(), headers)
        body = answered.body.decode()
        return answered.status, json.loads(body) if accept.endswith(b"json") else body


def _asking(sample: Sample, enterprises: tuple[UUID, ...]) -> Iterator[tuple[str, str]]:
    if ACME in enterprises:
        yield ADMIN, sample.path.format(**OWN)
    if GLOBEX in enterprises:
        yield GLOBEX_ADMIN, sample.path.format(**FOREIGN)


@dataclass(frozen=True)
class Origin:
    """What is known of an installation that nobody changes."""

    place: Place
    everything: Path
    acme: Path
    globex: Path
    answers: dict[str, tuple[int, Any]]
    problems: list[str]

    @classmethod
    def of(cls, place: Place) -> Self:
        return cls(
            place,
            place.dump(name="everything"),
            place.dump(ACME, name="acme"),
            place.dump(GLOBEX, name="globex"),
            place.answers(),
            place.problems(),
        )

    def answers_of(self, client: str) -> dict[str, tuple[int, Any]]:
        return {name: each for name, each in self.answers.items() if name.endswith(client)}


def open_place(
    dialect: str, folder: Path, request: pytest.FixtureRequest, secret: str = SECRET
) -> Place:
    folder.mkdir()
    return _place(fresh_url(dialect, folder, request), folder, request, secret)


def copied_place(url: str, folder: Path, request: pytest.FixtureRequest) -> Place:
    """As the one at this URL, to which nobody may be connected."""
    folder.mkdir()
    is_sqlite = url.startswith("sqlite")
    copy = copied_url(url, folder, None if is_sqlite else request.getfixturevalue("postgres"))
    return _place(copy, folder, request, SECRET)


def _place(url: str, folder: Path, request: pytest.FixtureRequest, secret: str) -> Place:
    database = open_database(Settings(database_url=url, secret_key=SecretStr(secret)), pool_size=8)
    request.addfinalizer(database.dispose)
    return Place(url, database, folder)


def settled(place: Place) -> Place:
    settle(place.database)
    furnish_rest(place.database)
    place.place_events()
    return place


def last_position(place: Place) -> int:
    with place.database.read() as connection:
        return connection.execute(select(EventSequence.last_position)).scalar_one()


def reader_position(place: Place) -> int:
    statement = select(EventReader.position).where(EventReader.name == READER)
    with place.database.read() as connection:
        return connection.execute(statement).scalar_one()


def grade(database: Database, enterprise: UUID, value: float, *, email: str = PERSON) -> None:
    """Something happens: a learner with consent gets a grade."""
    row = parse_object({"learner_email": email, "courserun_key": RUN_KEY, "current_grade": value})
    with database.transaction() as session:
        store_reported(session, ACTOR, enterprise, [row], source=ReportSource.LMS)


def delete_enterprise(database: Database, uuid: UUID) -> None:
    with database.transaction() as session:
        set_suspended(session, ACTOR, uuid, clock.now(), suspended=True)
    deletion.delete_enterprise(database, ACTOR, uuid, clock.now())


def lines_of(path: Path) -> list[Line]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def written(path: Path, lines: list[Line]) -> Path:
    """With an end that fits, as who writes such a file by hand would."""
    content = b"".join(json.dumps(line).encode() + b"\n" for line in lines[:-1])
    rows = [line for line in lines if "table" in line]
    end = {"rows": len(rows), "sha256": hashlib.sha256(content).hexdigest()}
    path.write_bytes(content + json.dumps({"end": end}).encode() + b"\n")
    return path
