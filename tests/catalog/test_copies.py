"""Whatever happens to catalogs, a client that applies what changed has what a whole crawl gives."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bursar import clock
from bursar.catalog.content.content_types import ContentType
from bursar.database.engine import Database
from testing.clients.copying import CatalogCopy, SkippingCopy
from testing.examples import FUZZ_EXAMPLES
from testing.worlds.moving import MovingWorld, moving_world

COURSES, PROGRAMS, CATALOGS = 4, 2, 2
MINUTE = timedelta(minutes=1)


@dataclass
class Play:
    """One example: some content of its own in catalogs of its own, and copies of them."""

    world: MovingWorld
    org: str
    catalogs: list[UUID]
    copies: list[list[CatalogCopy]]
    """Of each catalog, by each kind of client."""

    def course_key(self, course: int) -> str:
        return f"{self.org}+C{course}"

    def run_key(self, course: int, run: int) -> str:
        return f"course-v1:{self.course_key(course)}+{run}"

    def program_uuid(self, program: int) -> str:
        number = int(self.org.removeprefix("Org")) * 10 + program
        return f"00000000-0000-4000-8000-{number:012}"


Step = Callable[[Play], None]
Description = tuple[Any, ...]


def instant(play: Play, minutes: int | None) -> str | None:
    if minutes is None:
        return None
    return clock.format_instant(play.world.now + minutes * MINUTE)


RUNS = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["published", "unpublished"]),
        "end": st.sampled_from([None, -1, 1, 2, 5]),
        "is_enrollable": st.sampled_from([True, False]),
        "enrollment_start": st.sampled_from([None, -1, 1, 3]),
        "restriction_type": st.sampled_from([None, None, "custom"]),
    }
)
NUMBERS = st.integers(0, COURSES - 1)
LEVELS = st.sampled_from(["a", "b"])


def run_of(play: Play, course: int, number: int, drawn: dict[str, Any]) -> dict[str, Any]:
    dates = {name: instant(play, drawn[name]) for name in ("end", "enrollment_start")}
    return {
        "key": play.run_key(course, number),
        "course": play.course_key(course),
        **drawn,
        **dates,
    }


def store_course(play: Play, course: int, level: str, runs: list[dict[str, Any]]) -> None:
    nested = [run_of(play, course, number, drawn) for number, drawn in enumerate(runs)]
    document = {"key": play.course_key(course), "partner": play.org, "level": level}
    play.world.store(document | {"course_runs": nested})


def store_run(play: Play, course: int, level: str, drawn: dict[str, Any]) -> None:
    play.world.store(run_of(play, course, 0, drawn) | {"partner": play.org, "level": level})


def store_program(play: Play, program: int, level: str, restricted: list[str | None]) -> None:
    runs = [
        {"key": play.run_key(0, number), "restriction_type": kind}
        for number, kind in enumerate(restricted)
    ]
    courses = [{"key": play.course_key(0), "course_runs": runs}]
    document = {"uuid": play.program_uuid(program), "type": "X", "partner": play.org}
    play.world.store(document | {"level": level, "courses": courses, "hidden": level == "hidden"})


def filter_of(play: Play, kind: str, allowed: Sequence[int]) -> dict[str, Any] | None:
    if kind == "none":
        return None
    mine: dict[str, Any] = {"partner": play.org}
    if allowed:
        runs = [play.run_key(0, number) for number in allowed]
        mine["restricted_runs_allowed"] = {play.course_key(0): runs}
    if kind == "forced":
        forced = [f"course:{play.course_key(number)}" for number in (0, 1)]
        return mine | {"level": "b", "enterprise_force_include_aggregation_keys": forced}
    return mine if kind == "all" else mine | {"level": kind}


def change(
    play: Play, catalog: int, kind: str, allowed: Sequence[int], *, is_waiting: bool
) -> None:
    wanted = filter_of(play, kind, allowed)
    play.world.change(play.catalogs[catalog], wanted, is_waiting=is_waiting)


def do(play: Play, description: Description) -> None:
    name, *drawn = description
    if name == "time":
        play.world.pass_time(drawn[0] * MINUTE)
    elif name == "course":
        store_course(play, *drawn)
    elif name == "run":
        store_run(play, *drawn)
    elif name == "program":
        store_program(play, *drawn)
    elif name == "delete course":
        play.world.delete(ContentType.COURSE, play.course_key(drawn[0]))
    elif name == "delete run":
        play.world.delete(ContentType.COURSE_RUN, play.run_key(drawn[0], 0))
    elif name == "filter":
        change(play, drawn[0], drawn[1], drawn[2], is_waiting=drawn[3])
    elif name == "refresh":
        play.world.refresh()
    else:
        sync(play, *drawn)


CHANGES = st.one_of(
    st.tuples(st.just("time"), st.integers(1, 3)),
    st.tuples(st.just("course"), NUMBERS, LEVELS, st.lists(RUNS, max_size=3)),
    st.tuples(st.just("run"), NUMBERS, LEVELS, RUNS),
    st.tuples(
        st.just("program"),
        st.integers(0, PROGRAMS - 1),
        st.sampled_from(["a", "b", "hidden"]),
        st.lists(st.sampled_from([None, "custom"]), max_size=2),
    ),
    st.tuples(st.just("delete course"), NUMBERS),
    st.tuples(st.just("delete run"), NUMBERS),
    st.tuples(
        st.just("filter"),
        st.integers(0, CATALOGS - 1),
        st.sampled_from(["all", "a", "b", "forced", "none"]),
        st.lists(st.integers(0, 2), max_size=2, unique=True),
        st.booleans(),
    ),
    st.tuples(st.just("refresh")),
)
WALKS = st.tuples(
    st.just("sync"), st.integers(0, CATALOGS - 1), st.integers(1, 3), st.lists(CHANGES, max_size=2)
)
PLAYS = st.lists(CHANGES | WALKS, min_size=4, max_size=14)


def sync(play: Play, catalog: int, page_size: int, meanwhile: list[Description]) -> None:
    """Walks the pages, while these changes happen after the first of them."""
    coming = iter(meanwhile)

    def after_each_page() -> None:
        description = next(coming, None)
        if description is not None:
            do(play, description)

    play.world.after_each_page = after_each_page
    for copy in play.copies[catalog]:
        copy.page_size = page_size
        copy.sync()
    play.world.after_each_page = lambda: None
    if not meanwhile:
        assert_are_whole(play, catalog)


def assert_are_whole(play: Play, catalog: int) -> None:
    fresh = CatalogCopy(play.world.get, play.world.path(play.catalogs[catalog]))
    fresh.crawl()
    for copy in play.copies[catalog]:
        assert copy.documents == fresh.documents, type(copy)


OPEN = {
    "status": "published",
    "end": None,
    "is_enrollable": True,
    "enrollment_start": None,
    "restriction_type": None,
}
RESTRICTED = OPEN | {"restriction_type": "custom"}
UNPUBLISHED = OPEN | {"status": "unpublished"}
SYNC: Description = ("sync", 0, 2, [])
HISTORIES: list[list[Description]] = [
    # A listed course is unpublished.
    [("course", 0, "a", [OPEN]), SYNC, ("course", 0, "a", [UNPUBLISHED])],
    # Another filter forces a course that the first one holds without listing it.
    [
        ("course", 0, "b", [UNPUBLISHED]),
        ("filter", 0, "b", [], False),
        SYNC,
        ("filter", 0, "forced", [], False),
        SYNC,
        ("filter", 0, "b", [], False),
    ],
    # Another filter shows another run of a course, which is listed by both.
    [("course", 0, "a", [OPEN, RESTRICTED]), SYNC, ("filter", 0, "all", [1], False)],
    [("program", 0, "a", ["custom"]), SYNC, ("filter", 0, "all", [0], False)],
    # A course that nobody changed joins because its run does, and then the filter changes.
    [
        ("course", 0, "a", [OPEN]),
        ("filter", 0, "b", [], False),
        SYNC,
        ("run", 0, "b", OPEN),
        ("filter", 0, "all", [], False),
    ],
    # A course closes, and then the catalog shares the filter of another one.
    [
        ("course", 0, "a", [OPEN | {"end": 1}]),
        ("filter", 0, "a", [], False),
        ("filter", 1, "all", [], False),
        SYNC,
        ("time", 2),
        ("filter", 0, "all", [], False),
    ],
    # A course closes, and nothing else happens.
    [("course", 0, "a", [OPEN | {"end": 1}]), SYNC, ("time", 2)],
    # A course on the first page is unpublished before the second page is read.
    [
        SYNC,
        *(("course", number, "a", [OPEN]) for number in (0, 1, 2)),
        ("sync", 0, 1, [("course", 0, "a", [UNPUBLISHED])]),
    ],
    # The filter that waits is ready while pages are walked.
    [
        ("course", 0, "a", [OPEN]),
        ("course", 1, "b", [OPEN]),
        ("course", 2, "b", [OPEN]),
        SYNC,
        ("filter", 0, "b", [], True),
        ("sync", 0, 1, [("refresh",), ("time", 1)]),
    ],
]
"""Each of which goes wrong when one rule is left out."""


@pytest.fixture
def world(database: Database) -> Iterator[MovingWorld]:
    with moving_world(database) as world:
        yield world


def test_a_copy_stays_equal_to_a_fresh_crawl(world: MovingWorld, dialect: str) -> None:
    @settings(max_examples=FUZZ_EXAMPLES if dialect == "sqlite" else FUZZ_EXAMPLES // 4)
    @given(PLAYS)
    def check(descriptions: list[Description]) -> None:
        play_out(world, descriptions)

    check()


@pytest.mark.parametrize("history", HISTORIES)
def test_a_copy_survives_this(world: MovingWorld, history: list[Description]) -> None:
    play_out(world, history)


def play_out(world: MovingWorld, descriptions: Sequence[Description]) -> None:
    org = world.new_name()
    catalogs = [world.catalog({"partner": org}), world.catalog({"partner": org, "level": "a"})]
    copies = [
        [kind(world.get, world.path(uuid)) for kind in (CatalogCopy, SkippingCopy)]
        for uuid in catalogs
    ]
    play = Play(world, org, catalogs, copies)
    for description in descriptions:
        do(play, description)
    for catalog in range(CATALOGS):
        sync(play, catalog, 2, [])
    for uuid in catalogs:  # filters that nobody has any more are not evaluated any more
        world.change(uuid, None)
