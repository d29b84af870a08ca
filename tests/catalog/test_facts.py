"""What reports say of a run, whichever of its documents comes, and in whichever order."""

from datetime import UTC, date, datetime
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import delete, select

from bursar.actors import Actor
from bursar.catalog.content.documents import parse_document
from bursar.catalog.content.models import RunFacts
from bursar.catalog.content.service import fill_facts
from bursar.catalog.imports.service import store_documents
from bursar.database.engine import Database
from bursar.database.types import AnyRow

NOW = datetime(2026, 3, 1, tzinfo=UTC)
RUN = "course-v1:edX+A+1"
OTHER = "course-v1:edX+A+2"


def run(key: str = RUN, **fields: Any) -> dict[str, Any]:
    return {
        "key": key,
        "title": "Run",
        "start": "2026-01-05T16:00:00Z",
        "end": "9999-12-31T00:00:00Z",
        "weeks_to_complete": 6,
        "min_effort": 2,
        "max_effort": 4,
        "pacing_type": "self_paced",
        "first_enrollable_paid_seat_price": 149.5,
    } | fields


def course(*runs: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "key": "edX+A",
        "title": "Course",
        "subjects": [{"name": "Law"}, {"name": "Art"}],
        "programs": [{"title": "Program"}],
        "course_runs": list(runs),
    } | fields


@pytest.fixture
def store(database: Database) -> Any:
    def stored(*documents: dict[str, Any]) -> dict[str, AnyRow]:
        for document in documents:
            with database.transaction() as session:
                store_documents(session, Actor("test"), [parse_document(document)], NOW)
        return facts(database)

    return stored


def facts(database: Database) -> dict[str, AnyRow]:
    with database.read() as connection:
        return {row.run_key: row for row in connection.execute(select(RunFacts.__table__))}


def own_run(**fields: Any) -> dict[str, Any]:
    return run(course="edX+A", weeks_to_complete=9, content_type="courserun", **fields)


def test_a_course_tells_of_each_of_its_runs(store: Any) -> None:
    found = store(course(run(), run(OTHER, weeks_to_complete=None)))
    told = found[RUN]
    assert (told.course_key, told.course_title) == ("edX+A", "Course")
    assert (told.primary_subject, told.primary_program) == ("Law", "Program")
    assert (told.weeks_to_complete, told.min_effort, told.max_effort) == (6, 2, 4)
    assert (told.pacing_type, told.list_price) == ("self_paced", 149.5)
    assert (told.start_date, told.end_date) == (date(2026, 1, 5), date(9999, 12, 31))
    assert found[OTHER].weeks_to_complete is None


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_own_document_wins_whatever_the_order(store: Any, order: tuple[int, ...]) -> None:
    documents = [course(run(), run(OTHER)), own_run(), course(run(), run(OTHER), title="Course")]
    found = store(*(documents[place] for place in order))
    assert (found[RUN].weeks_to_complete, found[RUN].course_title) == (9, "Course")
    assert found[RUN].primary_subject == "Law"
    assert found[OTHER].weeks_to_complete == 6


def test_a_run_without_a_course_speaks_for_itself(store: Any) -> None:
    told = store(own_run(programs=[{"title": "Mine"}]))[RUN]
    assert (told.course_key, told.course_title) == ("edX+A", "Run")
    assert (told.primary_subject, told.primary_program) == (None, "Mine")


def test_a_run_that_leaves_its_course_goes(store: Any) -> None:
    store(course(run(), run(OTHER)))
    assert store(course(run(OTHER))).keys() == {OTHER}


def test_a_run_with_a_document_of_its_own_stays_when_it_leaves(store: Any) -> None:
    store(course(run(), run(OTHER)), own_run())
    found = store(course(run(OTHER)))
    assert (found[RUN].course_id, found[RUN].weeks_to_complete) == (None, 9)
    again = store(own_run(title="Alone"))
    assert again[RUN].course_title == "Alone"


def test_a_changed_document_changes_what_is_told(store: Any) -> None:
    store(course(run()))
    told = store(course(run(min_effort=7), title="New", subjects=[]))[RUN]
    assert (told.min_effort, told.course_title, told.primary_subject) == (7, "New", None)


@pytest.mark.parametrize(
    "broken",
    [
        {"weeks_to_complete": "six", "min_effort": -1, "max_effort": 2**70},
        {"weeks_to_complete": True, "min_effort": 1.5, "max_effort": []},
    ],
)
def test_what_cannot_be_understood_is_unknown(store: Any, broken: dict[str, Any]) -> None:
    strange: dict[str, Any] = {
        "start": "2026-01-05",
        "pacing_type": 5,
        "first_enrollable_paid_seat_price": "a",
    }
    told = store(course(run(**broken, **strange), subjects="Law", programs=[5]))[RUN]
    assert (told.weeks_to_complete, told.min_effort, told.max_effort) == (None, None, None)
    assert (told.pacing_type, told.list_price) == (None, None)
    assert (told.primary_subject, told.primary_program) == (None, None)
    assert told.start_date == date(2026, 1, 5)


def test_documents_from_before_there_were_facts_are_made_up_for(
    store: Any, database: Database
) -> None:
    before = store(course(run(), run(OTHER)), own_run())
    with database.transaction() as session:
        session.execute(delete(RunFacts))
    fill_facts(database)
    assert facts(database) == before
    fill_facts(database)
    assert facts(database) == before
