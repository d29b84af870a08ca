"""What a complete import lacks is deleted, from every catalog too."""

from typing import Any

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bursar.catalog.catalogs.checks import check_catalogs
from bursar.catalog.catalogs.reevaluation import reevaluate
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.documents import parse_document
from bursar.catalog.content.models import ContentItem, ContentState, NestedRun, RunFacts
from bursar.catalog.content.service import fill_facts
from bursar.catalog.imports import completion
from bursar.catalog.imports.completion import World, check_missing, delete_missing
from bursar.catalog.imports.refusals import TooMuchMissing
from bursar.catalog.imports.service import store_documents
from bursar.catalog.membership.models import CatalogQuery, QueryMember
from bursar.database.engine import Database
from bursar.events.models import EventRecord
from testing.worlds.catalog import (
    ACTOR,
    ENTERPRISE,
    at,
    course,
    members,
    program,
    put,
    run_of,
    store,
)

COURSE, RUN, PROGRAM = ContentType.COURSE, ContentType.COURSE_RUN, ContentType.PROGRAM


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completion, "_BATCH", 2)


def world(**keys: str) -> World:
    """Such as `world(course="A B")`."""
    prefixes = {"course": "edX+", "courserun": "course-v1:edX+", "program": ""}
    return {
        ContentType(kind): {prefixes[kind] + name for name in names.split()}
        for kind, names in keys.items()
    }


def complete(session: Session, given: World, minutes: int = 1) -> int:
    return delete_missing(session, ACTOR, given, at(minutes), force=True)


def facts(session: Session) -> dict[str, Any]:
    columns = RunFacts.run_key, RunFacts.is_own, RunFacts.course_title, RunFacts.min_effort
    return {row.run_key: tuple(row)[1:] for row in session.execute(select(*columns))}


def test_what_is_missing_leaves_every_catalog_and_other_types_stay(database: Database) -> None:
    with database.transaction() as session:
        store(session, [course(letter) for letter in "ABCDE"] + [program(1)])
        put(session, {})
        put(session, {"content_type": "course"}, uuid=ENTERPRISE)
        before = session.scalars(select(CatalogQuery.version)).all()
        assert complete(session, world(course="A C")) == 3
        assert members(session) == [program(1)["uuid"], "edX+A", "edX+C"]
        assert members(session, ENTERPRISE) == ["edX+A", "edX+C"]
        left = select(QueryMember.sort_key).where(QueryMember.removed_at == at(1)).distinct()
        assert sorted(session.scalars(left)) == ["edX+B", "edX+D", "edX+E"]
        after = session.scalars(select(CatalogQuery.version)).all()
        assert all(one < other for one, other in zip(before, after, strict=True))
        assert session.scalars(select(NestedRun.run_key)).all() == [
            "course-v1:edX+A+1", "course-v1:edX+C+1",
        ]  # fmt: skip
        assert list(check_catalogs(session)) == []


def test_a_world_that_lacks_nothing_changes_nothing(database: Database) -> None:
    with database.transaction() as session:
        store(session, [course("A"), program(1)])
        put(session, {})
        version = session.scalars(select(CatalogQuery.version)).one()
        assert complete(session, world(course="A")) == 0
        assert complete(session, {}) == 0
        assert session.scalars(select(CatalogQuery.version)).one() == version
        assert (
            session.scalar(select(EventRecord).where(EventRecord.type == "content.deleted")) is None
        )


def test_it_leaves_a_row_in_the_audit_trail(database: Database) -> None:
    with database.transaction() as session:
        store(session, [course("A"), course("B"), course("C")])
        complete(session, world(course="A"))
        event = session.scalars(
            select(EventRecord).where(EventRecord.type == "content.deleted")
        ).one()
        assert (event.data, event.actor) == ({"deleted": 2}, ACTOR.name)


@pytest.mark.parametrize(("missing", "is_refused"), [(0, False), (2, False), (3, True), (10, True)])
def test_more_than_a_fifth_is_refused(database: Database, missing: int, is_refused: bool) -> None:
    letters = "ABCDEFGHIJ"
    given = world(course=" ".join(letters[missing:]), program=program(9)["uuid"])
    with database.transaction() as session:
        store(session, map(course, letters))
        if not is_refused:
            check_missing(session, given)
            assert delete_missing(session, ACTOR, given, at(1)) == missing
            return
        for look in (check_missing, lambda *_: delete_missing(session, ACTOR, given, at(1))):
            with pytest.raises(TooMuchMissing, match=f"{missing} of 10 stored documents"):
                look(session, given)
        assert delete_missing(session, ACTOR, given, at(1), force=True) == missing


def test_what_came_only_with_a_deleted_relative_leaves_too(database: Database) -> None:
    with database.transaction() as session:
        store(session, [course("A", level_type="x"), run_of("A", "2")])
        store(session, [course("B"), run_of("B", "2", level_type="x")])
        put(session, {"level_type": "x"})
        assert len(members(session)) == 4
        complete(session, world(course="B", courserun="A+2"))
        assert members(session) == []
        assert list(check_catalogs(session)) == []


def test_a_deleted_document_can_come_back(database: Database) -> None:
    with database.transaction() as session:
        put(session, {"level_type": "x"})
        store(session, [course("A", level_type="x", owners=[]), course("B")])
        complete(session, world(course="B"))
        # It is new: what was known of it before is not merged into it.
        thin = [parse_document({"key": "edX+A", "level_type": "x", "course_runs": []})]
        stored = store_documents(session, ACTOR, thin, at(2), merge=True).tally
        assert (stored.created, stored.changed, stored.unchanged) == (1, 0, 0)
        assert members(session) == ["edX+A"]
        body = select(ContentItem.body).where(ContentItem.key == "edX+A")
        assert b"owners" not in session.scalars(body).one()
        assert list(check_catalogs(session)) == []


def test_a_deleted_document_is_nothing_to_filters_that_come_later(database: Database) -> None:
    with database.transaction() as session:
        store(session, map(course, "ABC"))
        complete(session, world(course="B"))
        put(session, {}, at(2), limit=1)
        assert members(session) == ["edX+B"]
        assert list(check_catalogs(session)) == []
        session.execute(update(ContentState).values(evaluated_by=None))
    reevaluate(database)
    with database.transaction() as session:
        assert members(session) == ["edX+B"]
        assert complete(session, world(course="B"), 3) == 0


def test_a_member_that_is_deleted_is_found_by_the_check(database: Database) -> None:
    with database.transaction() as session:
        store(session, [course("A"), course("B")])
        put(session, {})
        complete(session, world(course="B"))
        session.execute(update(QueryMember).values(removed_at=None))
        (problem,) = check_catalogs(session)
        assert problem.endswith("course edX+A: deleted")


def test_reports_keep_what_was_known_of_a_deleted_course(database: Database) -> None:
    with database.transaction() as session:
        store(session, [course("A"), course("B")])
        known = facts(session)
        complete(session, world(course="B"))
        assert facts(session) == known
        store(session, [course("A", title="Back")], at(2))
        assert facts(session)["course-v1:edX+A+1"] == (False, "Back", None)


def test_a_course_speaks_again_for_a_run_whose_document_is_deleted(database: Database) -> None:
    nested = {"key": "course-v1:edX+A+1", "min_effort": 1}
    with database.transaction() as session:
        store(session, [course("A", course_runs=[nested])])
        store(session, [run_of("A", "1", min_effort=9), run_of("Z", "1", min_effort=5)])
        store(session, [run_of("A", "2")])
        assert facts(session)["course-v1:edX+A+1"] == (True, "A", 9)
        complete(session, world(courserun="A+2"))
        assert facts(session)["course-v1:edX+A+1"] == (False, "A", 1)
        assert facts(session)["course-v1:edX+Z+1"] == (False, None, 5)


def test_facts_are_not_filled_from_deleted_documents(database: Database) -> None:
    with database.transaction() as session:
        store(session, [run_of("A", "1"), run_of("B", "1")])
        complete(session, world(courserun="B+1"))
        session.execute(delete(RunFacts))
    fill_facts(database)
    with database.transaction() as session:
        assert list(facts(session)) == ["course-v1:edX+B+1"]
