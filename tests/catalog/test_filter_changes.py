"""What a new filter brings and takes, known before and after."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.catalog.catalogs.filter_changes import ChangeFilter, FilterChange, change_filter
from bursar.catalog.catalogs.refresh import refresh_pending
from bursar.catalog.catalogs.refusals import CatalogOfAnotherEnterprise
from bursar.catalog.content.models import ContentItem
from bursar.catalog.filters.refusals import FilterError
from bursar.database.engine import Database
from testing.worlds.catalog import ACTOR, CATALOG, ENTERPRISE, at, course, members, put, store

OLD, NEW = {"level": ["x", "y"]}, {"level": ["y", "z"]}


@pytest.fixture
def filled(database: Database) -> Database:
    with database.transaction() as session:
        closed = course("E", level="z", course_runs=[])
        store(
            session, [course(name, level=level) for name, level in zip("BADC", "xyzx", strict=True)]
        )
        store(session, [closed], at(1))
        put(session, OLD, at(2))
    return database


def changed(
    session: Session, content_filter: Any, limit: int = 100, *, may_allow_runs: bool = False
) -> FilterChange:
    command = ChangeFilter(
        enterprise_uuid=ENTERPRISE,
        catalog_uuid=CATALOG,
        content_filter=content_filter,
        may_allow_runs=may_allow_runs,
    )
    return change_filter(session, ACTOR, command, refresh_inline_limit=limit)


def keys(session: Session, ids: Any) -> list[str]:
    found = {item.id: item.key for item in session.scalars(select(ContentItem))}
    return [found[each].removeprefix("edX+") for each in ids]


def test_what_comes_and_goes_is_told_in_the_order_of_the_listing(filled: Database) -> None:
    with filled.transaction() as session:
        found = changed(session, NEW)
        assert (keys(session, found.come), keys(session, found.gone)) == (["D"], ["B", "C"])
        assert (found.listed, found.is_unchanged, found.is_pending) == (2, False, False)
        # What is closed comes without being listed.
        assert members(session) == ["edX+A", "edX+D", "edX+E"]
    with filled.transaction() as session:
        assert changed(session, NEW).is_unchanged
        back = changed(session, OLD)
        assert (keys(session, back.come), keys(session, back.gone)) == (["B", "C"], ["D"])
        nothing = changed(session, None)
        assert (nothing.listed, keys(session, nothing.gone)) == (0, ["A", "B", "C"])


def test_the_same_change_has_the_same_fingerprint(filled: Database) -> None:
    def undone(content_filter: Any) -> str:
        with filled.transaction() as session:
            found = changed(session, content_filter)
            session.rollback()
        return found.fingerprint

    first = undone(NEW)
    assert undone(NEW) == first
    # Another filter by which the same comes and goes is another change.
    assert undone({"level__in": ["y", "z"]}) != first
    with filled.transaction() as session:
        store(session, [course("F", level="z")], at(3))
    assert undone(NEW) != first


def test_over_much_content_it_is_not_known_what_comes(filled: Database) -> None:
    with filled.transaction() as session:
        found = changed(session, NEW, limit=1)
        assert (found.is_pending, found.is_unchanged) == (True, False)
        assert (list(found.come), list(found.gone), found.listed) == ([], [], 3)
        assert changed(session, NEW, limit=1).is_unchanged
    refresh_pending(filled)
    with filled.transaction() as session:
        assert members(session) == ["edX+A", "edX+D", "edX+E"]


def test_what_waits_is_part_of_the_change(filled: Database) -> None:
    def undone() -> str:
        with filled.transaction() as session:
            found = changed(session, {"level": "z"}, limit=1)
            session.rollback()
        return found.fingerprint

    first = undone()
    for waiting in (NEW, {"level": "y"}):
        with filled.transaction() as session:
            assert changed(session, waiting, limit=1).is_pending
        assert undone() != first
        first = undone()
    assert undone() == first


def allowing(*runs: str) -> dict[str, Any]:
    return {"level": "x", "restricted_runs_allowed": {"edX+A": list(runs)}}


def test_only_who_may_lets_a_catalog_offer_more_restricted_runs(filled: Database) -> None:
    with filled.transaction() as session:
        with pytest.raises(FilterError, match="new are r1, r2, r3, r4, r5 and 1 more"):
            changed(session, allowing("r1", "r2", "r3", "r4", "r5", "r6"))
        changed(session, allowing("r1", "r2"), may_allow_runs=True)
    with filled.transaction() as session:
        # Under whichever course: a run is allowed by its key.
        moved = {"level": "y", "restricted_runs_allowed": {"edX+B": ["r2"]}}
        assert not changed(session, moved).is_unchanged
        with pytest.raises(FilterError, match=r"new are r1$"):
            changed(session, allowing("r1", "r2"))
    with filled.transaction() as session:
        # What waits counts, not what is served meanwhile.
        assert changed(session, {"level": "z"}, limit=1).is_pending
        with pytest.raises(FilterError, match=r"new are r2$"):
            changed(session, moved)
        assert changed(session, None).listed == 0
        with pytest.raises(FilterError, match=r"new are r2$"):
            changed(session, moved)


def test_what_is_refused_changes_nothing(filled: Database) -> None:
    with filled.transaction() as session:
        with pytest.raises(FilterError):
            changed(session, {"level__gtx": 1})
        command = ChangeFilter(enterprise_uuid=CATALOG, catalog_uuid=CATALOG, content_filter=None)
        with pytest.raises(CatalogOfAnotherEnterprise):
            change_filter(session, ACTOR, command)
        assert members(session) == ["edX+A", "edX+B", "edX+C"]
