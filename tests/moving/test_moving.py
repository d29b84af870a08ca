"""What moves is the same afterwards: every answer of the API, every total, every row."""

import gzip

import pytest
from sqlalchemy import update

from bursar.events.models import EventReader
from bursar.moving.service import totals_of
from bursar.moving.surveys import survey_here
from bursar.webhooks.writing import READER
from testing.worlds.contract import ACME, ADMIN, GLOBEX, manifest
from testing.worlds.declared import declare
from tests.moving.furnishing import empty_tables
from tests.moving.world import (
    Origin,
    Place,
    delete_enterprise,
    grade,
    last_position,
    lines_of,
    reader_position,
)


def test_everything_moves(origin: Origin, target: Place) -> None:
    tried = target.adopt(origin.everything, dry_run=True)
    assert [taken.was_there for taken in tried.taken] == [False, False]
    assert target.is_empty()
    adoption = target.adopt(origin.everything)
    assert [taken.uuid for taken in adoption.taken] == sorted([ACME, GLOBEX])
    assert adoption.warnings == []
    assert adoption.keeps_places
    assert adoption.moved_ids == {}
    assert target.answers() == origin.answers
    for taken in adoption.taken:
        totals = list(totals_of(taken))
        assert {what for what, *_ in totals} >= {"licenses", "assignments", "cents", "events"}
        assert all(theirs == ours for *_, theirs, ours in totals)
    assert target.problems() == origin.problems
    assert last_position(target) == last_position(origin.place)
    again = target.adopt(origin.everything)
    assert all(taken.is_unchanged for taken in again.taken)


def test_no_table_is_left_out(origin: Origin, target: Place) -> None:
    counts = lines_of(origin.everything)[0]["counts"]
    assert [name for name, number in counts.items() if not number] == []
    target.adopt(origin.everything)
    assert empty_tables(target.database) == set()


def test_an_enterprise_moves_alone(origin: Origin, target: Place) -> None:
    path = target.folder / "dump.gz"
    path.write_bytes(gzip.compress(origin.acme.read_bytes()))
    adoption = target.adopt(path)
    assert [taken.uuid for taken in adoption.taken] == [ACME]
    assert adoption.warnings == [
        "2 people of the console have no password here: invite them again with `bursar console "
        "invite`."
    ]
    assert target.answers(ACME) == origin.answers_of(ADMIN)
    assert set(target.problems()) <= set(origin.problems)
    with target.database.snapshot() as connection:
        assert survey_here(connection, GLOBEX).rows.total() == 0


def test_a_repeat_brings_up_to_date(source: Place, other: Place) -> None:
    other.adopt(source.dump())
    grade(source.database, ACME, 0.5)
    source.place_events()
    adoption = other.adopt(source.dump())
    states = {taken.uuid: taken.is_unchanged for taken in adoption.taken}
    assert states == {ACME: False, GLOBEX: True}
    assert adoption.keeps_places
    assert other.answers(ACME) == source.answers(ACME)
    assert last_position(other) == last_position(source)


def test_what_is_adopted_goes_on(source: Place) -> None:
    """Rows that are new there get ids and places of their own."""
    before = last_position(source)
    grade(source.database, ACME, 0.75, email="new@acme.example")
    grade(source.database, ACME, 0.75)
    source.place_events()
    assert last_position(source) > before


def test_a_customer_is_restored_as_it_was(source: Place) -> None:
    """Into the installation in which the others have gone on meanwhile."""
    path = source.dump(ACME)
    before = source.answers(ACME)
    grade(source.database, GLOBEX, 0.5)
    source.read_log()
    with source.database.snapshot() as connection:
        others = survey_here(connection, GLOBEX)
    delete_enterprise(source.database, ACME)
    adoption = source.adopt(path)
    assert [taken.was_there for taken in adoption.taken] == [False]
    assert not adoption.keeps_places
    after = source.answers(ACME)
    for name in ("the events of acme-admin", "the xAPI statements of acme-admin"):
        # Their cursors are others.
        assert [each["id"] for each in after.pop(name)[1]["results"]] == [
            each["id"] for each in before.pop(name)[1]["results"]
        ]
    assert after == before
    with source.database.snapshot() as connection:
        assert survey_here(connection, GLOBEX).digest == others.digest


def test_ids_that_are_taken_are_replaced(settled_sqlite: Origin, target: Place) -> None:
    """Both installations have learners and events with the same ids, and documents in common."""
    learners = [{"email": f"{number}@globex.example"} for number in range(20)]
    globex = {"uuid": str(GLOBEX), "name": "Globex", "slug": "globex", "learners": learners}
    declare(target.database, {"content": manifest()["content"], "enterprises": [globex]})
    grade(target.database, GLOBEX, 0.25)
    target.place_events()
    with target.database.snapshot() as connection:
        before = survey_here(connection, GLOBEX)
    adoption = target.adopt(settled_sqlite.acme)
    assert not adoption.keeps_places
    assert adoption.moved_ids["enrollments"] > 0
    with (
        target.database.snapshot() as connection,
        settled_sqlite.place.database.snapshot() as there,
    ):
        assert survey_here(connection, GLOBEX).digest == before.digest
        assert survey_here(connection, ACME).digest == survey_here(there, ACME).digest
    assert set(target.problems()) <= set(settled_sqlite.problems)
    assert [taken.is_unchanged for taken in target.adopt(settled_sqlite.acme).taken] == [True]
    assert _named(target) == _named(settled_sqlite.place)


def _named(place: Place) -> dict[str, object]:
    """The documents in a catalog, and what is reported of whom."""
    answers = place.answers(ACME)
    listed = answers["a catalog of acme-admin"][1]["results"]
    reported = answers["a report of acme-admin"][1]["results"]
    return {
        "listed": [each.get("key") or each["uuid"] for each in listed],
        "reported": sorted((each["user_email"], each["courserun_key"]) for each in reported),
    }


@pytest.mark.parametrize("lag", [0, 3])
def test_what_was_not_told_there_is_told_here(source: Place, other: Place, lag: int) -> None:
    """Webhooks go on where they were, when everything moves."""
    place = last_position(source) - lag
    with source.database.transaction() as session:
        session.execute(update(EventReader).where(EventReader.name == READER).values(position=0))
        session.merge(EventReader(name=READER, position=place))
    other.adopt(source.dump())
    assert reader_position(other) == place


def test_history_is_no_news(source: Place, other: Place) -> None:
    """When one enterprise moves, webhooks go on behind what came with it."""
    other.adopt(source.dump(GLOBEX))
    other.read_log()
    grade(other.database, GLOBEX, 0.25)
    other.read_log()
    other.adopt(source.dump(ACME))
    assert reader_position(other) == last_position(other)
