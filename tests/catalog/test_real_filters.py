"""Filters of real catalogs on documents of every shape, evaluated as they are stored."""

from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bursar.catalog.catalogs.checks import check_catalogs
from bursar.catalog.catalogs.commands import PutCatalog
from bursar.catalog.catalogs.models import Catalog
from bursar.catalog.catalogs.reevaluation import reevaluate
from bursar.catalog.catalogs.service import catalogs_of, list_catalogs, put_catalog
from bursar.catalog.content.models import ContentItem, ContentState
from bursar.catalog.membership.loading import PARTNER_KEY
from bursar.catalog.membership.models import CatalogQuery, QueryMember
from bursar.clock import FOREVER, NEVER, parse_instant
from bursar.database.engine import Database
from bursar.pages import PageRequest
from testing.worlds.catalog import (
    ACTOR,
    CATALOG,
    ENTERPRISE,
    at,
    course,
    members,
    put,
    run_of,
    store,
)

FORCED = "enterprise_force_include_aggregation_keys"
OPEN_RUN: dict[str, Any] = {
    "key": "course-v1:MITx+A1+r",
    "uuid": "c56bb046-2d56-5566-87fe-1481e6f08197",
    "status": "published",
    "is_enrollable": True,
    "availability": "Current",
    "start": "2026-01-01T00:00:00Z",
    "end": "2030-01-01T00:00:00Z",
    "enrollment_end": None,
    "first_enrollable_paid_seat_price": 150,
}
FULL = {
    "key": "MITx+A1",
    "title": "As the discovery service has it",
    "level_type": "Intermediate",
    "owners": [{"key": "MITx", "name": "Org"}],
    "course_runs": [OPEN_RUN],
}
FOUND = {
    "content_type": "course",
    "aggregation_key": "course:MITx+B1",
    "key": "MITx+B1",
    "title": "As its search answers",
    "partner": "edx",
    "org": "MITx",
    "level_type": "Intermediate",
    "availability": ["Current"],
    "status": ["published"],
    "course_runs": [OPEN_RUN | {"key": "course-v1:MITx+B1+r"}],
}
SHIPPED = {
    "content_type": "course",
    "partner": "edx",
    "level_type": ["Introductory", "Intermediate", "Advanced"],
    "availability": ["Current", "Starting Soon", "Upcoming"],
    "status": "published",
}
BOTH = ["MITx+A1", "MITx+B1"]


@pytest.mark.parametrize(
    ("content_filter", "expected"),
    [
        (SHIPPED, BOTH),
        ({"content_type": "course", "partner": "edx"}, BOTH),
        ({"content_type": "course", "org": "MITx"}, BOTH),
        ({"content_type": "course", "org": "mitx"}, BOTH),
        ({"content_type": "course", "status": "published"}, BOTH),
        ({"content_type": "course", "first_enrollable_paid_seat_price__lte": "301"}, BOTH),
        ({"content_type": "course", "key.raw": ["MITx+A1"]}, ["MITx+A1"]),
        ({"content_type": "course", "include_learner_pathways": "True"}, BOTH),
        ({"restricted_runs_allowed": {"course:MITx+A1": ["course-v1:MITx+A1+r"]}}, BOTH),
        ({"content_type": ["learnerpathway", "course"], "key": ["MITx+A1"]}, ["MITx+A1"]),
        ({"content_type": "course", "key": ["none"], FORCED: ["MITx+A1"]}, ["MITx+A1"]),
        ({"aggregation__key": ["course:MITx+B1"]}, ["MITx+B1"]),
        ({"org__exempt": ["MITx"]}, []),
    ],
)
def test_a_filter_selects_what_the_search_index_selected(
    database: Database, content_filter: dict[str, Any], expected: list[str]
) -> None:
    with database.transaction() as session:
        store(session, [FULL, FOUND])
        put(session, content_filter)
        assert members(session) == expected
        assert list(check_catalogs(session)) == []


def test_a_course_has_what_runs_with_documents_of_their_own_have(database: Database) -> None:
    with database.transaction() as session:
        put(session, {"content_type": "course", "availability": "Current"})
        store(session, [course("A"), course("B", course_runs=[])])
        assert members(session) == []
        store(session, [run_of("A", "1", availability="Current")], at(1))
        assert members(session) == ["course-v1:edX+A+1", "edX+A"]
        store(session, [run_of("B", "7", availability="Current")], at(2))
        assert members(session) == [
            "course-v1:edX+A+1", "course-v1:edX+B+7", "edX+A", "edX+B",
        ]  # fmt: skip
        store(session, [run_of("A", "1", availability="Archived")], at(3))
        assert members(session) == ["course-v1:edX+B+7", "edX+B"]
        assert list(check_catalogs(session)) == []


def test_a_restricted_run_does_not_follow_its_course(database: Database) -> None:
    mine = run_of("A", "2", restriction_type="custom-b2b-enterprise")
    with database.transaction() as session:
        store(session, [course("A"), mine])
        put(session, {"key": "edX+A"})
        assert members(session) == ["edX+A"]
        put(session, {"key": "edX+A", "restricted_runs_allowed": {"edX+A": [mine["key"]]}}, at(1))
        assert members(session) == ["course-v1:edX+A+2", "edX+A"]
        assert list(check_catalogs(session)) == []


def active_until(session: Session, key: str) -> Any:
    statement = select(QueryMember.active_until).where(QueryMember.sort_key == key)
    return session.scalars(statement).one()


RESTRICTED = {"key": "course-v1:edX+A+9", "status": "published", "restriction_type": "custom"}
ENDS = {"key": "course-v1:edX+A+8", "status": "unpublished", "end": "2027-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("runs", "extra", "until"),
    [
        ([ENDS], {}, NEVER),
        ([ENDS], {FORCED: ["edX+A"]}, parse_instant("2027-01-01")),
        ([ENDS, ENDS | {"end": None}], {FORCED: ["edX+A"]}, FOREVER),
        ([], {FORCED: ["edX+A"]}, NEVER),
        ([ENDS], {FORCED: ["edX+B"]}, NEVER),
        ([RESTRICTED], {}, NEVER),
        ([RESTRICTED], {FORCED: ["edX+A"]}, NEVER),
        ([RESTRICTED], {"restricted_runs_allowed": {"edX+A": [RESTRICTED["key"]]}}, FOREVER),
        ([RESTRICTED], {"restricted_runs_allowed": {"edX+A": [ENDS["key"]]}}, NEVER),
        ([RESTRICTED | {"restriction_type": ""}], {}, FOREVER),
        ([ENDS | {"is_marketable_external": True}], {}, FOREVER),
        ([RESTRICTED | {"is_marketable_external": True}], {}, NEVER),
        ([ENDS | {"status": "Published"}], {}, parse_instant("2027-01-01")),
    ],
)
def test_until_when_a_course_is_listed_depends_on_the_filter(
    database: Database, runs: list[dict[str, Any]], extra: dict[str, Any], until: Any
) -> None:
    with database.transaction() as session:
        put(session, {"key": "edX+A", **extra})
        store(session, [course("A", course_runs=runs)])
        assert active_until(session, "edX+A") == until
        assert list(check_catalogs(session)) == []


EXECUTIVE = course("E", course_type="executive-education-2u")
CAMP = course("C", course_type="Bootcamp-2U")
PLAIN = course("A", course_type="verified-audit")


def put_exec_ed(session: Session, now: Any, *, included: bool) -> str:
    command = PutCatalog(
        enterprise_uuid=ENTERPRISE,
        catalog_uuid=CATALOG,
        title="T",
        include_exec_ed_2u_courses=included,
    )
    return put_catalog(session, ACTOR, command, at=now)


def test_executive_education_is_left_out_whatever_the_filter_says(database: Database) -> None:
    forced = {"course_type__exists": True, FORCED: ["edX+E"]}
    with database.transaction() as session:
        store(session, [EXECUTIVE, CAMP, PLAIN, run_of("E", "1")])
        put(session, forced)
        assert members(session) == ["edX+A"]
        assert put_exec_ed(session, at(1), included=True) == "changed"
        assert members(session) == ["course-v1:edX+E+1", "edX+A", "edX+C", "edX+E"]
        assert put_exec_ed(session, at(2), included=True) == "unchanged"
        assert put_exec_ed(session, at(3), included=False) == "changed"
        assert members(session) == ["edX+A"]
        assert list(check_catalogs(session)) == []


def test_catalogs_that_differ_in_executive_education_have_one_query_for_clients(
    database: Database,
) -> None:
    with database.transaction() as session:
        store(session, [EXECUTIVE, PLAIN])
        put(session, {"content_type": "course"}, uuid=ENTERPRISE)
        put(session, {"content_type": "course"})
        put_exec_ed(session, at(1), included=True)
        assert (len(members(session)), len(members(session, ENTERPRISE))) == (2, 1)
        shown = catalogs_of(session.connection(), [ENTERPRISE], PageRequest(10, 1), at(0)).results
        assert len({catalog.catalog_query_uuid for catalog in shown}) == 1
        assert len(shown) == 2


def outdate(session: Session) -> None:
    """Makes the database what an older release would have left."""
    catalog = session.scalars(select(Catalog)).one()
    session.execute(
        update(CatalogQuery).values(filter_uuid=None, content_filter={"status": "published"})
    )
    catalog.include_exec_ed_2u_courses = True
    session.execute(update(QueryMember).values(removed_at=at(1)))
    session.execute(update(ContentItem).values(active_until=at(1)))
    session.execute(update(ContentState).values(evaluated_by=None))


def test_what_an_older_release_stored_is_evaluated_again(database: Database) -> None:
    with database.transaction() as session:
        put(session, {"status": "published"})
        store(session, [PLAIN, EXECUTIVE])
        outdate(session)
        before = session.scalars(select(CatalogQuery.version)).one()
    reevaluate(database)
    with database.transaction() as session:
        assert members(session) == ["edX+A", "edX+E"]
        assert set(session.scalars(select(ContentItem.active_until))) == {FOREVER}
        assert session.scalars(select(CatalogQuery.version)).one() > before
        assert list(check_catalogs(session)) == []
        version = session.scalars(select(CatalogQuery.version)).one()
    reevaluate(database)
    with database.transaction() as session:
        assert session.scalars(select(CatalogQuery.version)).one() == version


def test_a_filter_that_a_catalog_waits_for_survives_an_upgrade(database: Database) -> None:
    with database.transaction() as session:
        store(session, [PLAIN, EXECUTIVE])
        put(session, {"key": "edX+A"})
        put(session, {"content_type": "course"}, at(1), limit=0)
        catalog = session.scalars(select(Catalog)).one()
        assert catalog.pending_query_uuid is not None
        catalog.include_exec_ed_2u_courses = True
        session.execute(update(ContentState).values(evaluated_by=None))
    reevaluate(database)
    with database.transaction() as session:
        (declared,) = list_catalogs(session, ENTERPRISE)
        assert declared.content_filter == {"content_type": "course"}
        assert members(session) == ["edX+A", "edX+E"]
        assert session.scalars(select(Catalog.pending_query_uuid)).one() is None
        assert list(check_catalogs(session)) == []


def test_another_partner_of_the_installation_makes_filters_mean_something_else(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction() as session:
        put(session, {"partner": "acme"})
        store(session, [course("A"), course("B", partner="Acme")])
        assert members(session) == ["edX+B"]
    monkeypatch.setitem(database.info, PARTNER_KEY, "ACME")
    reevaluate(database)
    with database.transaction() as session:
        assert members(session) == ["edX+A", "edX+B"]
        assert list(check_catalogs(session)) == []
