"""What is kept of restricted runs beside the documents, also after an upgrade."""

from sqlalchemy import delete, select, update

from bursar.catalog.catalogs.reevaluation import reevaluate
from bursar.catalog.content.models import ContentItem, ContentState, NestedRun
from bursar.catalog.content.restricted import has_restricted_runs, with_all_runs
from bursar.catalog.membership.models import AllowedRun
from bursar.database.engine import Database
from testing.worlds.catalog import at, course, put, run_of, store

RESTRICTED, OPEN = run_of("A", "1", restriction_type="custom"), run_of("A", "2")
ALLOWING = {"restricted_runs_allowed": {"edX+A": [RESTRICTED["key"]]}}


def kept(database: Database) -> tuple[dict[str, bool], list[str], bool]:
    """Which runs are restricted, which are allowed, and whether the document tells them apart."""
    with database.read() as connection:
        nested = connection.execute(select(NestedRun.run_key, NestedRun.is_restricted))
        runs = {row.run_key: row.is_restricted for row in nested}
        allowed = list(connection.scalars(select(AllowedRun.run_key)))
        body = connection.execute(select(ContentItem.body)).scalar_one()
    return runs, allowed, has_restricted_runs(body)


EVERYTHING = ({RESTRICTED["key"]: True, OPEN["key"]: False}, [RESTRICTED["key"]], True)


def test_they_are_known_with_the_document_and_the_filter(database: Database) -> None:
    with database.transaction() as session:
        store(session, [course("A", course_runs=[RESTRICTED, OPEN])])
        put(session, ALLOWING)
    assert kept(database) == EVERYTHING


def test_what_an_older_release_stored_is_brought_along(database: Database) -> None:
    with database.transaction() as session:
        store(session, [course("A", course_runs=[RESTRICTED, OPEN])])
        put(session, ALLOWING)
        session.execute(update(NestedRun).values(is_restricted=False))
        session.execute(delete(AllowedRun))
        body = with_all_runs(session.scalars(select(ContentItem.body)).one())
        session.execute(update(ContentItem).values(body=body))
        session.execute(update(ContentState).values(evaluated_by="1:edx"))
    assert kept(database) == ({RESTRICTED["key"]: False, OPEN["key"]: False}, [], False)
    reevaluate(database)
    assert kept(database) == EVERYTHING


def test_they_are_forgotten_with_the_filter(database: Database) -> None:
    with database.transaction() as session:
        store(session, [course("A", course_runs=[RESTRICTED, OPEN])])
        put(session, ALLOWING)
        put(session, None, at(1))
    assert kept(database)[1] == []
