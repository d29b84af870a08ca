"""Membership follows content and filters in the same transaction, whatever happens."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bursar.catalog.catalogs.checks import check_catalogs
from bursar.catalog.catalogs.models import Catalog, CatalogChange
from bursar.catalog.content.models import ContentItem, NestedRun
from bursar.catalog.membership.models import CatalogQuery, QueryMember
from bursar.database.engine import Database
from testing.worlds.catalog import (
    CATALOG,
    ENTERPRISE,
    at,
    course,
    members,
    program,
    put,
    run_of,
    store,
)


def test_a_new_filter_selects_what_is_there(database: Database) -> None:
    with database.transaction() as session:
        store(session, [course("B"), course("A"), program(1)])
        put(session, {"content_type": "course"})
        assert members(session) == ["edX+A", "edX+B"]


def test_new_content_joins_in_the_transaction_that_brings_it(database: Database) -> None:
    with database.transaction() as session:
        put(session, {"level_type": "Advanced"})
        store(session, [course("A", level_type="Advanced"), course("B")])
        assert members(session) == ["edX+A"]
        store(session, [course("A"), course("B", level_type="Advanced")], at(1))
        assert members(session) == ["edX+B"]


@pytest.mark.parametrize(("content_filter", "count"), [({}, 2), (None, 0)])
def test_an_empty_filter_selects_all_and_none_nothing(
    database: Database, content_filter: dict[str, Any] | None, count: int
) -> None:
    with database.transaction() as session:
        store(session, [course("A"), program(1)])
        put(session, content_filter)
        assert len(members(session)) == count


def test_a_run_follows_its_course_and_a_course_its_run(database: Database) -> None:
    with database.transaction() as session:
        put(session, {"level_type": "Advanced"})
        store(session, [course("A", level_type="Advanced")])
        store(session, [run_of("A", "2"), run_of("Z", "1", level_type="Advanced")], at(1))
        assert members(session) == ["course-v1:edX+A+2", "course-v1:edX+Z+1", "edX+A"]
        store(session, [course("Z"), run_of("Z", "2")], at(2))
        assert members(session) == [
            "course-v1:edX+A+2",
            "course-v1:edX+Z+1",
            "course-v1:edX+Z+2",
            "edX+A",
            "edX+Z",
        ]
        store(session, [run_of("Z", "1")], at(3))
        assert members(session) == ["course-v1:edX+A+2", "edX+A"]


def test_a_run_that_moves_to_another_course_takes_its_effect_along(database: Database) -> None:
    with database.transaction() as session:
        put(session, {"level_type": "Advanced"})
        store(session, [course("A"), course("B"), run_of("A", "1", level_type="Advanced")])
        assert "edX+A" in members(session)
        moved = run_of("A", "1", level_type="Advanced", course="edX+B")
        store(session, [moved], at(1))
        assert members(session) == ["course-v1:edX+A+1", "edX+B"]
        assert list(check_catalogs(session)) == []


def test_two_catalogs_with_one_filter_share_its_evaluation(database: Database) -> None:

    with database.transaction() as session:
        put(session, {"content_type": "course", "level_type": "Advanced"})
        put(session, {"level_type": "Advanced", "content_type": "course"}, uuid=ENTERPRISE)
        uuids = set(session.scalars(select(Catalog.query_uuid)))
        assert len(uuids) == 1
        assert CATALOG != ENTERPRISE


def test_a_changed_filter_notes_what_came_and_went(database: Database) -> None:
    with database.transaction() as session:
        store(session, [course("A", level_type="x"), course("B", level_type="y"), course("C")])
        put(session, {"level_type__in": ["x", "y"]})
        assert put(session, {"level_type__not": "x"}, at(5)) == "changed"
        assert members(session) == ["edX+B", "edX+C"]
        rows = session.execute(
            select(ContentItem.key, CatalogChange.arrived, CatalogChange.at).join(
                ContentItem, ContentItem.id == CatalogChange.content_id
            )
        )
        assert {tuple(row) for row in rows} == {
            ("edX+A", False, at(5)),
            ("edX+C", True, at(5)),
        }
        assert len(session.scalars(select(CatalogQuery)).all()) == 1, "the old query is forgotten"


def test_the_same_content_again_changes_nothing(database: Database) -> None:
    with database.transaction() as session:
        put(session, {})
        store(session, [course("A")])
        before = session.scalars(select(CatalogQuery.version)).one()
        stored = store(session, [course("A")], at(1))
        assert (stored.created, stored.changed, stored.unchanged) == (0, 0, 1)
        assert session.scalars(select(CatalogQuery.version)).one() == before
        assert session.scalars(select(ContentItem.changed_at)).one() == at(0)


def test_nested_runs_follow_their_course(database: Database) -> None:
    with database.transaction() as session:
        store(session, [course("A")])
        store(session, [course("A", course_runs=[{"key": "r1"}, {"key": "r2"}, {"key": "r1"}])])
        assert sorted(session.scalars(select(NestedRun.run_key))) == ["r1", "r2"]


@pytest.mark.parametrize(
    "tamper",
    [
        delete(QueryMember),
        update(QueryMember).values(removed_at=at(0)),
        update(QueryMember).values(active_until=at(0)),
        update(QueryMember).values(sort_key="other"),
        update(CatalogQuery).values(ready=False),
    ],
)
def test_the_check_finds_what_was_tampered_with(database: Database, tamper: Any) -> None:
    with database.transaction() as session:
        put(session, {})
        store(session, [course("A")])
        assert list(check_catalogs(session)) == []
        session.execute(tamper)
        assert len(list(check_catalogs(session))) == 1


FILTERS = [
    {},
    {"content_type": "course"},
    {"level_type": "x"},
    {"level_type__in": ["y"], "content_type": ["courserun", "program"]},
    {"level_type": "none", "enterprise_force_include_aggregation_keys": ["course:edX+B"]},
    None,
]
names = st.sampled_from("ABC")
levels = st.sampled_from(["x", "y", None])
documents = st.one_of(
    st.builds(lambda n, v: course(n, level_type=v), names, levels),
    st.builds(
        lambda n, c, v: run_of(n, "9", level_type=v, course=f"edX+{c}"), names, names, levels
    ),
    st.builds(lambda n, v: program(n, level_type=v), st.integers(0, 2), levels),
)
steps = st.one_of(
    st.tuples(st.just("store"), st.lists(documents, min_size=1, max_size=4)),
    st.tuples(st.just("filter"), st.sampled_from(FILTERS)),
)


@settings(
    max_examples=25,
)
@given(story=st.lists(steps, max_size=8))
def test_any_story_ends_with_membership_equal_to_a_fresh_evaluation(
    database: Database, story: list[tuple[str, Any]]
) -> None:
    with database.transaction() as session:
        for minute, (kind, value) in enumerate(story):
            _tell(session, kind, value, minute)
            assert list(check_catalogs(session)) == []
        session.rollback()


def _tell(session: Session, kind: str, value: Any, minute: int) -> None:
    if kind == "store":
        store(session, value, at(minute))
    else:
        put(session, value, at(minute))
