"""Content as a discovery service tells it, and a sync with it whose pauses pass at once."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from pydantic import SecretStr
from sqlalchemy import select

from bursar.actors import Actor
from bursar.catalog.content.models import ContentItem
from bursar.catalog.content.templates import decode_template
from bursar.catalog.sync.models import SyncRun
from bursar.catalog.sync.running import Order, synchronise
from bursar.catalog.sync.runs import Pattern
from bursar.catalog.sync.views import SyncReport
from bursar.connectors.discovery.client import DiscoveryAccess, DiscoverySource
from bursar.database.engine import Database
from testing.fakes.discovery import CLIENT_ID, CLIENT_SECRET, FakeDiscovery, running_discovery

ACTOR = Actor("operator:test")
PATTERN = Pattern(timedelta(hours=1), timedelta(days=7))


def run_key(number: int, term: str = "1T2026") -> str:
    return f"course-v1:edX+C{number:05}+{term}"


def a_run(number: int, term: str = "1T2026", **fields: Any) -> dict[str, Any]:
    return {
        "key": run_key(number, term),
        "uuid": str(uuid5(NAMESPACE_URL, run_key(number, term))),
        "title": f"Course {number}",
        "status": "published",
        "enrollment_start": None,
        "enrollment_end": None,
        "seats": [{"type": "verified", "price": "49.00", "currency": "USD"}],
        **fields,
    }


def a_course(number: int, **fields: Any) -> dict[str, Any]:
    key = f"edX+C{number:05}"
    return {
        "key": key,
        "uuid": str(uuid5(NAMESPACE_URL, key)),
        "title": f"Course {number}",
        "course_runs": [a_run(number)],
        "owners": [{"key": "edX", "name": "edX"}],
        **fields,
    }


def a_program(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "uuid": str(uuid5(NAMESPACE_URL, f"program {number}")),
        "title": f"Program {number}",
        "type": "Professional Certificate",
        "courses": [{"key": f"edX+C{number:05}", "title": f"Course {number}", "course_runs": []}],
        **fields,
    }


def a_result(number: int, **fields: Any) -> dict[str, Any]:
    """A course as the search index shows it."""
    key = f"edX+C{number:05}"
    return {
        "content_type": "course",
        "aggregation_key": f"course:{key}",
        "key": key,
        "title": f"course {number}",
        "partner": "edx",
        "course_runs": [{"key": run_key(number)}],
        "first_enrollable_paid_seat_price": 49,
        **fields,
    }


def a_person(number: int) -> dict[str, Any]:
    return {
        "content_type": "person",
        "aggregation_key": f"person:{number}",
        "uuid": str(uuid5(NAMESPACE_URL, f"person {number}")),
        "full_name": "Ada",
    }


def fill(service: FakeDiscovery, courses: int, programs: int = 1) -> None:
    """Courses with a run each, programs, and an index of the courses and some people."""
    numbers = range(1, courses + 1)
    service.fill("courses", [a_course(number) for number in numbers])
    runs = [a_run(number, course=f"edX+C{number:05}") for number in numbers]
    service.fill("course_runs", runs)
    service.fill("programs", [a_program(number) for number in range(1, programs + 1)])
    people = [a_person(number) for number in range(3)]
    service.fill("search", [*(a_result(number) for number in numbers), *people])


@dataclass
class Syncing:
    """A service and a source whose clock is moved by the pauses."""

    service: FakeDiscovery
    url: str
    page_size: int = 2
    per_hour: int = 1_000_000
    partner: str = ""
    secret: str = CLIENT_SECRET
    pauses: list[float] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    time: float = 1_000_000.0

    def source(self) -> DiscoverySource:
        access = DiscoveryAccess(
            self.url,
            self.url,
            CLIENT_ID,
            SecretStr(self.secret),
            self.partner,
            self.per_hour,
            self.page_size,
            timeout=20,
        )
        return DiscoverySource(access, now=lambda: self.time)

    def pause(self, seconds: float) -> bool:
        if seconds:
            self.pauses.append(seconds)
        self.time += seconds
        return False

    def wait(self, seconds: float) -> None:
        self.pause(seconds)

    def sync(
        self,
        database: Database,
        *,
        full: bool = False,
        force: bool = False,
        most_percent: int = 20,
    ) -> SyncReport:
        source = self.source()
        try:
            order = Order(PATTERN, most_percent, full, force)
            return synchronise(
                database, source, ACTOR, order, pause=self.pause, tell=self.lines.append
            )
        finally:
            source.close()


@contextmanager
def syncing(courses: int = 5, programs: int = 1, **options: Any) -> Iterator[Syncing]:
    service = FakeDiscovery()
    fill(service, courses, programs)
    with running_discovery(service) as url:
        found = Syncing(service, url, **options)
        service.now = lambda: found.time
        yield found


def stored(database: Database) -> dict[str, dict[str, Any]]:
    """Every document that is not deleted, by key."""
    with database.read() as connection:
        columns = (ContentItem.key, ContentItem.body)
        rows = connection.execute(select(*columns).where(ContentItem.deleted_at.is_(None)))
        return {row.key: decode_template(row.body) for row in rows}


def runs(database: Database) -> list[SyncRun]:
    with database.transaction() as session:
        return list(session.scalars(select(SyncRun).order_by(SyncRun.id)))


def as_page(results: list[Any], following: str | None = None, count: int | None = None) -> str:
    """The body of an answer, for a service that answers wrong on purpose."""
    told = len(results) if count is None else count
    return json.dumps({"count": told, "next": following, "previous": None, "results": results})
