"""A full sweep brings everything, a delta what was changed, and only a complete sweep removes."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from bursar import clock
from bursar.catalog.catalogs.checks import check_catalogs
from bursar.catalog.sync.models import SyncPage
from bursar.catalog.sync.states import SyncState
from bursar.catalog.sync.views import SyncReport
from bursar.database.engine import Database
from bursar.events.models import EventRecord
from testing.fakes.discovery import Trouble
from testing.worlds.discovery import (
    a_course,
    a_person,
    a_program,
    a_result,
    a_run,
    run_key,
    runs,
    stored,
    syncing,
)


def counts(report: SyncReport) -> tuple[int, ...]:
    return (
        report.created, report.changed, report.unchanged, report.removed, report.rejected,
    )  # fmt: skip


def events(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.scalars(select(EventRecord.type).order_by(EventRecord.id)))


def pages_kept(database: Database) -> int:
    with database.read() as connection:
        return connection.scalar(select(func.count()).select_from(SyncPage)) or 0


def later(hours: float = 2) -> Any:
    return clock.frozen_at(clock.now() + timedelta(hours=hours))


def test_a_full_sweep_brings_everything_and_a_second_one_changes_nothing(
    database: Database,
) -> None:
    with syncing(courses=5) as world:
        first = world.sync(database)
        again = world.sync(database, full=True)
    assert (first.state, first.is_full) == (SyncState.DONE, True)
    assert counts(first) == (11, 0, 0, 0, 0)
    assert first.pages == again.pages == 3 + 3 + 1 + 4
    assert counts(again) == (0, 0, 11, 0, 0)
    known = stored(database)
    assert known["edX+C00001"]["title"] == "Course 1"
    assert known[run_key(1)]["course"] == "edX+C00001"
    assert pages_kept(database) == 0
    assert events(database).count("content.synced") == 2
    with database.transaction() as session:
        assert list(check_catalogs(session)) == []


def test_what_only_the_index_knows_is_added_and_nothing_else_of_it(database: Database) -> None:
    with syncing(courses=1, programs=0) as world:
        thin = a_result(1, title="search title", first_enrollable_paid_seat_price=49)
        world.service.fill("search", [thin, a_result(2), a_person(1)])
        world.sync(database)
        known = stored(database)
        assert set(known) == {"edX+C00001", run_key(1)}
        course = known["edX+C00001"]
        assert course["title"] == "Course 1"
        assert course["aggregation_key"] == "course:edX+C00001"
        assert course["first_enrollable_paid_seat_price"] == 49
        assert course["course_runs"][0]["seats"][0]["price"] == "49.00"
        world.service.fill("search", [{**thin, "first_enrollable_paid_seat_price": None}])
        assert counts(world.sync(database, full=True)) == (0, 1, 1, 0, 0)
        assert stored(database)["edX+C00001"]["first_enrollable_paid_seat_price"] is None


def test_learner_pathways_come_from_the_index(database: Database) -> None:
    pathway = {
        "content_type": "learnerpathway",
        "uuid": "0b3d2d8f-1f0e-4c39-a6f3-3a3f1c1c1c1c",
        "title": "A way",
        "steps": [],
    }
    with syncing(courses=1) as world:
        world.service.put("search", pathway)
        world.sync(database)
    assert stored(database)[str(pathway["uuid"])]["title"] == "A way"


def test_a_delta_asks_for_what_was_changed_and_takes_the_runs_of_courses_along(
    database: Database,
) -> None:
    with syncing(courses=5) as world:
        world.sync(database)
        with later():
            new = a_run(3, "2T2026", title="new run")
            changed = a_course(3, title="changed", course_runs=[a_run(3, title="newer"), new])
            world.service.put("courses", changed, modified=clock.now())
            world.service.put("programs", a_program(9), modified=clock.now())
            world.service.asked.clear()
            report = world.sync(database)
    assert (report.is_full, report.pages) == (False, 2)
    assert counts(report) == (2, 2, 0, 0, 0)
    assert all("timestamp=" in path for path in world.service.asked)
    known = stored(database)
    assert known["edX+C00003"]["title"] == "changed"
    assert known[run_key(3)]["title"] == "newer"
    assert known[run_key(3)]["course"] == "edX+C00003"
    assert known[run_key(3, "2T2026")]["title"] == "new run"


def test_a_delta_removes_nothing_and_a_full_sweep_does(database: Database) -> None:
    with syncing(courses=10) as world:
        world.sync(database)
        world.service.remove("courses", "edX+C00001")
        world.service.remove("course_runs", run_key(1))
        with later():
            assert counts(world.sync(database))[3] == 0
            assert "edX+C00001" in stored(database)
        with later(24 * 8):
            report = world.sync(database)
    assert report.is_full
    assert counts(report) == (0, 0, 19, 2, 0)
    known = stored(database)
    assert "edX+C00001" not in known
    assert run_key(1) not in known


def test_a_run_that_its_course_lost_is_lost_here_too(database: Database) -> None:
    with syncing(courses=6) as world:
        world.service.put("courses", a_course(1, course_runs=[a_run(1), a_run(1, "2T2026")]))
        world.sync(database)
        world.service.put("courses", a_course(1))
        world.sync(database, full=True)
    course = stored(database)["edX+C00001"]
    assert [run["key"] for run in course["course_runs"]] == [run_key(1)]
    assert course["aggregation_key"] == "course:edX+C00001"


def test_the_guard_keeps_what_is_listed_until_it_is_forced(database: Database) -> None:
    with syncing(courses=10) as world:
        world.sync(database)
        for number in range(1, 6):
            world.service.remove("courses", f"edX+C{number:05}")
        world.service.put("courses", a_course(9, title="changed"))
        before = stored(database)
        stopped = world.sync(database, full=True)
        assert (stopped.state, counts(stopped)) == (SyncState.GUARDED, (0, 0, 0, 0, 0))
        assert stopped.reason == "it would remove 5 of 21 documents, more than 20 %"
        assert stored(database) == before
        assert events(database)[-1] == "content.sync_stopped"
        asked = len(world.service.asked)
        forced = world.sync(database, full=True, force=True)
        assert len(world.service.asked) == asked  # its pages were kept
    assert (forced.state, counts(forced)) == (SyncState.DONE, (0, 1, 15, 5, 0))
    assert "edX+C00001" not in stored(database)


def test_a_list_that_is_suddenly_empty_is_guarded_however_short_it_is(database: Database) -> None:
    with syncing(courses=60, programs=10, page_size=50) as world:
        world.sync(database)
        world.service.fill("programs", [])
        stopped = world.sync(database, full=True)
    assert stopped.reason == "it would remove 10 of 130 documents, among them all of one type"


def test_the_share_of_the_guard_is_a_setting(database: Database) -> None:
    with syncing(courses=10) as world:
        world.sync(database)
        world.service.remove("courses", "edX+C00001")
        assert world.sync(database, full=True, most_percent=4).state is SyncState.GUARDED
        assert world.sync(database, full=True, most_percent=5).removed == 1


def test_after_the_guard_deltas_go_on_and_a_sweep_is_tried_a_day_later(database: Database) -> None:
    with syncing(courses=10) as world:
        world.sync(database)
        kept = world.service.lists["courses"]
        world.service.fill("courses", [])
        assert world.sync(database, full=True).state is SyncState.GUARDED
        world.service.lists["courses"] = kept
        with later(24 * 8):
            assert world.sync(database).is_full
        with later(24 * 8 + 1):
            assert not world.sync(database).is_full


def test_a_rejected_document_is_told_and_is_not_taken_for_a_missing_one(
    database: Database,
) -> None:
    with syncing(courses=10) as world:
        world.sync(database)
        broken = a_course(1, course_runs=[a_run(1, end="soon")])
        world.service.put("courses", broken)
        report = world.sync(database, full=True)
    assert counts(report) == (0, 0, 20, 0, 1)
    assert report.rejections == [
        {
            "listing": "courses",
            "page": 1,
            "position": 1,
            "name": "edX+C00001",
            "reason": f"end of {run_key(1)!r} is no date: 'soon'",
        }
    ]
    assert "edX+C00001" in stored(database)


def test_nothing_is_removed_when_it_cannot_be_told_what_is_there(database: Database) -> None:
    with syncing(courses=10) as world:
        world.sync(database)
        world.service.remove("courses", "edX+C00001")
        world.service.put("courses", {"title": "nameless", "course_runs": []})
        report = world.sync(database, full=True)
    assert (report.state, report.removed, report.rejected) == (SyncState.DONE, 0, 1)
    assert report.reason is not None
    assert "neither key nor uuid" in report.reason
    assert "edX+C00001" in stored(database)


def test_a_list_that_shrank_while_it_was_read_removes_nothing(database: Database) -> None:
    with syncing(courses=10) as world:
        world.sync(database)

        def drop_one(listing: str, link: str) -> str | None:
            """What stood behind it moves up a place, and is passed by."""
            if listing == "courses" and "page=2&" in link:
                things = world.service.lists["courses"]
                world.service.lists["courses"] = things[1:]
            return link if "page=6&" not in link and listing == "courses" else None

        world.service.next_links = drop_one
        report = world.sync(database, full=True)
    assert report.reason is not None
    assert "fewer while they were read" in report.reason
    assert (report.removed, len(stored(database))) == (0, 21)


@pytest.mark.parametrize("wrong", ["a course among runs", "a person", "no object"])
def test_what_does_not_belong_into_a_list_is_rejected(database: Database, wrong: str) -> None:
    things: dict[str, Any] = {
        "a course among runs": a_course(7),
        "a person": a_person(1),
        "no object": {"key": "x+y", "course_runs": [1]},
    }
    with syncing(courses=2) as world:
        world.service.put("course_runs", things[wrong])
        report = world.sync(database)
    assert report.rejected == 1
    assert report.created == 5


def test_a_failed_page_changes_nothing_and_the_next_run_goes_on_with_it(
    database: Database,
) -> None:
    with syncing(courses=5) as world:
        world.service.script(Trouble("course_runs", page=2, status=500, times=4))
        failed = world.sync(database)
        assert failed.state is SyncState.OPEN
        assert failed.reason is not None
        assert "/api/v1/course_runs/ with status 500" in failed.reason
        assert stored(database) == {}
        assert pages_kept(database) == 4
        asked = len(world.service.asked)
        done = world.sync(database)
        assert world.service.pages_of("courses") == [1, 2, 3]
        assert len(world.service.asked) - asked == done.pages - 4
    assert (done.state, done.is_resumed, done.created) == (SyncState.DONE, True, 11)
    assert [run.failures for run in runs(database)] == [0]


def test_a_stopped_run_that_is_too_old_is_begun_anew(database: Database) -> None:
    with syncing(courses=5) as world:
        world.service.script(Trouble("programs", status=500, times=4))
        world.sync(database)
        with later(50):
            done = world.sync(database)
    assert not done.is_resumed
    assert [run.state for run in runs(database)] == ["dropped", "done"]
    assert world.service.pages_of("courses") == [1, 2, 3, 1, 2, 3]


def test_a_run_with_another_service_begins_anew(database: Database) -> None:
    with syncing(courses=5) as world:
        world.service.script(Trouble("programs", status=500, times=4))
        world.sync(database)
        world.partner = "other"
        assert not world.sync(database).is_resumed
        assert any("partner=other" in path for path in world.service.asked)


def test_a_page_that_is_gone_when_a_run_is_resumed_ends_its_list_and_removes_nothing(
    database: Database,
) -> None:
    with syncing(courses=9) as world:
        world.sync(database)
        world.service.script(Trouble("courses", page=5, status=503, times=4))
        assert world.sync(database, full=True).state is SyncState.OPEN
        world.service.remove("courses", "edX+C00001")
        report = world.sync(database)
    assert (report.state, report.removed) == (SyncState.DONE, 0)
    assert report.reason is not None
    assert "became fewer" in report.reason


def test_a_list_that_was_never_there_is_trouble(database: Database) -> None:
    with syncing(courses=2) as world:
        world.service.script(Trouble("programs", status=404))
        report = world.sync(database)
    assert report.state is SyncState.OPEN
    assert report.reason is not None
    assert report.reason.startswith("there is no /api/v1/programs/")
