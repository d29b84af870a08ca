"""What is measured, and what it should come to."""

from collections.abc import Mapping
from typing import Final

from benchmarks import (
    bulk,
    credit,
    discovery,
    event_log,
    fairness,
    hostile,
    idle,
    pulling,
    pushing,
    reporting,
    standby,
    subscriptions,
    webhooks,
)
from benchmarks.app import PROCESSES
from benchmarks.load import JSON, Target
from benchmarks.results import MEGABYTE, Result
from benchmarks.server import BenchmarkServer
from benchmarks.stage import LARGE, SMALL, USUAL, Measurement, Stage
from benchmarks.statements import statement_counts
from benchmarks.world import CATALOG
from bursar import clock
from bursar.demo.content import courses

LIST: Final = "/enterprise/v2/enterprise-catalogs"
CONTENT: Final = f"{LIST}/{CATALOG}"
_FIRST: Final = next(courses(1, clock.now()))
COURSE: Final = f"{CONTENT}/courses/{_FIRST['key']}"
COURSE_RUN: Final = f"{CONTENT}/course-runs/{_FIRST['course_run_keys'][0]}"
XML: Final = {"Accept": "application/xml"}
WARM_UP: Final = (f"{CONTENT}?limit=1", JSON)
REQUESTS: Final = {
    "page, not remembered": (f"{CONTENT}?limit=20", JSON),
    "page, remembered": (f"{CONTENT}?limit=20", JSON),
    "page, 304": (f"{CONTENT}?limit=20", JSON | {"If-None-Match": "*"}),
    "one course, not remembered": (COURSE, JSON),
    "one course, remembered": (COURSE, JSON),
    "list of catalogs": (LIST, JSON),
}
WORKER_LIMIT: Final = 150 * MEGABYTE
IMPORT_LIMIT: Final = 200 * MEGABYTE
DOCUMENTS_PER_SECOND: Final = 5_000


def page_of(size: int, headers: Mapping[str, str], kind: str, bound: float) -> Measurement:
    def measure(stage: Stage) -> list[Result]:
        server = stage.server()
        path = f"{CONTENT}?limit={size}"
        same = server.target(path, headers)
        crawl = server.target(path, headers, page_count(server, size))
        floor = server.floor_of(same, f"page-{size}-{kind}")
        name = f"page of {size} {kind}"
        return [
            Result.of_rates(f"{name}, the same page", stage.compare(same, floor), bound),
            Result.of_rates(f"{name}, a crawl", stage.compare(crawl, floor), bound),
        ]

    return measure


def page_count(server: BenchmarkServer, size: int) -> int:
    """Fewer than there are courses for: those that are closed are not listed."""
    count: int = server.fetch(server.target(f"{CONTENT}?limit=1", JSON)).json()["count"]
    return -(-count // size)


def one_answer(name: str, path: str, bound: float | None) -> Measurement:
    def measure(stage: Stage) -> list[Result]:
        server = stage.server()
        target = server.target(path, JSON)
        floor = server.floor_of(target, name.replace(" ", "-"))
        return [Result.of_rates(name, stage.compare(target, floor), bound)]

    return measure


def unchanged_page(stage: Stage) -> list[Result]:
    server = stage.server()
    path = f"{CONTENT}?limit=20"
    tag = server.fetch(server.target(path, JSON)).headers["etag"]
    target = server.target(path, JSON | {"If-None-Match": tag})
    floor = server.floor_of(target, "unchanged")
    return [Result.of_rates("304 on a page of 20", stage.compare(target, floor), 0.6)]


def last_page(stage: Stage) -> list[Result]:
    server = stage.server()
    last, first = (server.target(f"{CONTENT}?limit=20&page={n}", JSON) for n in ("last", "1"))
    return [Result.of_rates("last page against the first", stage.compare(last, first), 0.5)]


def scale(stage: Stage) -> list[Result]:
    name = f"page of 20 at {LARGE:,} courses against {SMALL:,}"
    large, small = (_same_page(stage.server(courses)) for courses in (LARGE, SMALL))
    return [Result.of_rates(f"{name}, the same page", stage.compare(large, small), 0.8)]


def scale_without_cache(stage: Stage) -> list[Result]:
    """Every page is made for its request."""
    name = f"page of 20 at {LARGE:,} courses against {SMALL:,}"
    large, small = (_crawl(stage.server(courses, has_cache=False)) for courses in (LARGE, SMALL))
    return [Result.of_rates(f"{name}, a crawl, no cache", stage.compare(large, small), 0.8)]


def processes(stage: Stage) -> list[Result]:
    name = f"{PROCESSES} web processes against one, page of 20 JSON, a crawl"
    rates = stage.compare(_crawl(stage.server()), _crawl(stage.server(processes=1)))
    return [Result.of_rates(name, rates, 1.6)]


def large_crawl(stage: Stage) -> list[Result]:
    """More pages than the cache can hold: nearly every one is made anew."""
    server = stage.server(LARGE)
    floor = server.floor_of(_same_page(server), "large-page-20")
    rates = stage.compare(_crawl(server), floor)
    return [Result.of_rates(f"page of 20 JSON, a crawl of {LARGE:,} courses", rates, None)]


def _same_page(server: BenchmarkServer) -> Target:
    return server.target(f"{CONTENT}?limit=20", JSON)


def _crawl(server: BenchmarkServer) -> Target:
    return server.target(f"{CONTENT}?limit=20", JSON, page_count(server, 20))


def imports(stage: Stage) -> list[Result]:
    imported = stage.world(LARGE).imported
    return [
        Result.of_rate(
            f"import of {imported.documents:,} documents",
            imported.documents_per_second,
            DOCUMENTS_PER_SECOND,
            f"{imported.seconds:.1f} s",
        ),
        Result.of_memory("import, peak memory", imported.peak_bytes, IMPORT_LIMIT),
    ]


def statements(stage: Stage) -> list[Result]:
    counts = statement_counts(stage.world(USUAL), WARM_UP, REQUESTS)
    return [Result(f"statements: {name}", "", "", str(count)) for name, count in counts.items()]


def memory(stage: Stage) -> list[Result]:
    """The largest web process of each server, after everything it was asked before."""
    return [
        Result.of_memory(
            f"web process, {courses:,} courses{'' if has_cache else ', no cache'}",
            max(server.resident_bytes()),
            WORKER_LIMIT,
        )
        for (courses, has_cache, number), server in stage.servers.items()
        if number == PROCESSES
    ]


MEASUREMENTS: Final[Mapping[str, Measurement]] = {
    "page-20-json": page_of(20, JSON, "JSON", 0.4),
    "page-100-json": page_of(100, JSON, "JSON", 0.25),
    "course": one_answer("one course", COURSE, 0.5),
    "course-run": one_answer("one course run", COURSE_RUN, None),
    "list": one_answer("list of catalogs", LIST, 0.4),
    "page-20-xml": page_of(20, XML, "XML", 0.15),
    "unchanged": unchanged_page,
    "last-page": last_page,
    "processes": processes,
    "large-crawl": large_crawl,
    "scale": scale,
    "scale-without-cache": scale_without_cache,
    **credit.MEASUREMENTS,
    **subscriptions.MEASUREMENTS,
    **bulk.MEASUREMENTS,
    **reporting.MEASUREMENTS,
    **event_log.MEASUREMENTS,
    **webhooks.MEASUREMENTS,
    **hostile.MEASUREMENTS,
    **fairness.MEASUREMENTS,
    **pulling.MEASUREMENTS,
    **pushing.MEASUREMENTS,
    **standby.MEASUREMENTS,
    "import": imports,
    **discovery.MEASUREMENTS,
    **idle.MEASUREMENTS,
    "statements": statements,
    "memory": memory,
}
