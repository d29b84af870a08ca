"""What is told of catalogs and content: once, with old and new values."""

from collections.abc import Sequence

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.catalog.catalogs.commands import PutCatalog
from bursar.catalog.catalogs.models import Catalog
from bursar.catalog.catalogs.refusals import CatalogOfAnotherEnterprise
from bursar.catalog.catalogs.service import put_catalog
from bursar.catalog.catalogs.views import CatalogSummary
from bursar.catalog.filters.service import query_uuid
from bursar.database.engine import Database
from bursar.events.models import EventRecord
from testing.worlds.catalog import ACTOR, CATALOG, ENTERPRISE, at, course, put, store

FILTER = {"content_type": "course"}


def events(session: Session, *types: str) -> Sequence[EventRecord]:
    statement = select(EventRecord).where(EventRecord.type.in_(types)).order_by(EventRecord.id)
    return session.scalars(statement).all()


def test_a_new_catalog_is_told_with_what_it_is(database: Database) -> None:
    with database.transaction() as session:
        assert put(session, FILTER) == "created"
        (event,) = events(session, "catalog.changed")
        query = str(query_uuid(FILTER))
        assert (event.object_id, event.version) == (str(CATALOG), 1)
        assert event.enterprise_uuid == ENTERPRISE
        assert event.changes == {
            "title": [None, "T"],
            "catalog_query_uuid": [None, query],
            "content_filter": [None, FILTER],
        }
        data = event.data or {}
        assert set(data) == set(CatalogSummary.__struct_fields__)
        assert (data["uuid"], data["catalog_query_uuid"]) == (str(CATALOG), query)


def test_a_change_is_told_with_old_and_new_values(database: Database) -> None:
    with database.transaction() as session:
        put(session, FILTER)
    with database.transaction() as session:
        assert put(session, FILTER, at(1)) == "unchanged"
        command = PutCatalog(enterprise_uuid=ENTERPRISE, catalog_uuid=CATALOG, title="New")
        assert put_catalog(session, ACTOR, command, at=at(2)) == "changed"
        assert put(session, None, at(3)) == "changed"
        _, renamed, cleared = events(session, "catalog.changed")
        assert renamed.changes == {"title": ["T", "New"]}
        assert cleared.changes == {
            "title": ["New", "T"],
            "catalog_query_uuid": [str(query_uuid(FILTER)), None],
            "content_filter": [FILTER, None],
        }
        assert [renamed.version, cleared.version] == [2, 3]
        assert [renamed.at, cleared.at] == [at(2), at(3)]


def test_a_filter_that_waits_is_told_as_the_new_one(database: Database) -> None:
    with database.transaction() as session:
        store(session, [course("A")])
        put(session, FILTER, at(1), limit=0)
        (event,) = events(session, "catalog.changed")
        assert event.changes["catalog_query_uuid"] == [None, str(query_uuid(FILTER))]
        assert (event.data or {"catalog_query_uuid": 1})["catalog_query_uuid"] is None
        assert session.get_one(Catalog, CATALOG).pending_query_uuid == query_uuid(FILTER)


def test_a_catalog_of_another_enterprise_is_refused(database: Database) -> None:
    with database.transaction() as session:
        put(session, FILTER)
        command = PutCatalog(enterprise_uuid=CATALOG, catalog_uuid=CATALOG, title="Mine")
        with pytest.raises(CatalogOfAnotherEnterprise):
            put_catalog(session, ACTOR, command)
        assert len(events(session, "catalog.changed")) == 1


def test_an_import_that_changes_something_is_told_once(database: Database) -> None:
    with database.transaction() as session:
        store(session, [course("A"), course("B")])
        store(session, [course("A"), course("B")], at(1))
        store(session, [course("A", title="New"), course("C")], at(2))
        told = events(session, "content.imported")
        assert [event.data for event in told] == [
            {"created": 2, "changed": 0},
            {"created": 1, "changed": 1},
        ]
        assert [event.version for event in told] == [1, 2]
