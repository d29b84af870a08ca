"""Filters that are accepted and still odd: misspelt fields, and nothing selected."""

from typing import Any

import pytest
from sqlalchemy.orm import Session

from bursar.catalog.catalogs import warnings
from bursar.catalog.catalogs.warnings import filter_warnings
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.imports.completion import delete_missing
from bursar.database.engine import Database
from testing.worlds.catalog import (
    ACTOR,
    CATALOG,
    ENTERPRISE,
    at,
    course,
    program,
    put,
    run_of,
    store,
)

NOTHING = ("", "selects nothing")


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warnings, "_BATCH", 2)


def stock(session: Session) -> None:
    plain = {"subjects": [{"slug": "law"}], "level_type": "x", "image": None}
    first = course("A", owners=[{"key": "edX", "certificate_logo": None}], **plain)
    store(session, [first, course("B", **plain), course("C"), program(1, hidden=False)])


def told(session: Session) -> list[tuple[str, str]]:
    return [(warning.key, warning.message) for warning in filter_warnings(session)]


def unknown(field: str, nearest: str | None) -> str:
    hint = f"; did you mean {nearest}?" if nearest else ""
    return f"no stored document has the field {field}{hint}"


@pytest.mark.parametrize(
    ("key", "operand", "field", "nearest"),
    [
        ("subject", "law", "subject", "subjects"),
        ("Level_Type__in", ["x"], "Level_Type", "level_type"),
        ("leveltype.raw", "x", "leveltype", "level_type"),
        ("content_typ", "course", "content_typ", "content_type"),
        ("organization", "edX", "organization", "organizations"),
        ("owner.key", "edX", "owner.key", "owners.key"),
        ("state", "published", "state", "status"),
        ("zzzzzzzz", 1, "zzzzzzzz", None),
        ("seat_types", "verified", "seat_types", "content_type"),
    ],
)
def test_a_field_that_no_document_has_is_told_with_the_nearest_one(
    database: Database, key: str, operand: object, field: str, nearest: str | None
) -> None:
    with database.transaction() as session:
        stock(session)
        put(session, {key: operand})
        assert told(session) == [(key, unknown(field, nearest)), NOTHING]


@pytest.mark.parametrize(
    "content_filter",
    [
        {},
        None,
        {"content_type": "program"},
        {"partner": "edx", "aggregation_key__exists": True},
        {"org": "edX"},
        {"status": "published", "course_runs.status": "published"},
        {"subjects": "law", "image__exists": False},
        {"owners.certificate_logo__exists": False},
        {"key.raw": "edX+A", "number": "A"},
        {"hidden": False},
        {"include_learner_pathways": True, "exclude_expired_course_run": "True"},
        {"enterprise_force_include_aggregation_keys": ["edX+A"], "content_type": "courserun"},
        {"key__not": "none"},
    ],
)
def test_a_filter_that_is_as_it_should_be_is_not_warned_about(
    database: Database, content_filter: dict[str, Any] | None
) -> None:
    with database.transaction() as session:
        stock(session)
        put(session, content_filter)
        assert told(session) == []


def test_a_filter_that_selects_nothing_is_told_until_it_does(database: Database) -> None:
    with database.transaction() as session:
        stock(session)
        put(session, {"content_type": "courserun"})
        assert told(session) == [NOTHING]
        store(session, [run_of("Z", "1")], at(1))
        assert told(session) == []
        delete_missing(session, ACTOR, {ContentType.COURSE_RUN: frozenset()}, at(2), force=True)
        assert told(session) == [NOTHING]


def test_while_nothing_is_stored_no_field_is_known_and_none_is_wrong(database: Database) -> None:
    with database.transaction() as session:
        put(session, {"subject": "law"})
        assert told(session) == []
        store(session, [course("A")])
        delete_missing(session, ACTOR, {ContentType.COURSE: frozenset()}, at(1), force=True)
        assert told(session) == []


def test_ordering_is_told_to_have_no_effect(database: Database) -> None:
    with database.transaction() as session:
        put(session, {"ordering": "-start"})
        expected = [("ordering", "has no effect: catalogs are ordered by key")]
        assert told(session) == expected
        stock(session)
        assert told(session) == expected


def test_catalogs_with_one_filter_are_told_together(database: Database) -> None:
    with database.transaction() as session:
        stock(session)
        put(session, {"hidden": True})
        put(session, {"hidden": True}, at(1), uuid=ENTERPRISE)
        (warning,) = filter_warnings(session)
        assert warning.catalogs == (CATALOG, ENTERPRISE)
        (only,) = filter_warnings(session, [ENTERPRISE])
        assert only.catalogs == (ENTERPRISE,)
        assert filter_warnings(session, []) == []


def test_a_filter_that_is_still_evaluated_is_tried(database: Database) -> None:
    with database.transaction() as session:
        stock(session)
        put(session, {"title": "C"}, limit=1)
        assert told(session) == []
        put(session, {"title": "none"}, at(1), limit=1)
        assert told(session) == [NOTHING]


def test_executive_education_that_is_left_out_can_leave_nothing(database: Database) -> None:
    with database.transaction() as session:
        store(session, [course("A", course_type="executive-education-2u"), course("B")])
        put(session, {"key": "edX+A"})
        assert told(session) == [NOTHING]


def test_of_many_unknown_fields_some_are_told_and_fewer_get_a_hint(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warnings, "_MOST_HINTS", 2)
    with database.transaction() as session:
        stock(session)
        put(session, {f"level_typ{letter}": "x" for letter in "abcdf"})
        found = filter_warnings(session, [CATALOG], most_unknown=3)
        assert [(one.key, one.message) for one in found] == [
            ("level_typa", unknown("level_typa", "level_type")),
            ("level_typb", unknown("level_typb", "level_type")),
            ("level_typc", unknown("level_typc", None)),
            NOTHING,
        ]
        assert len(filter_warnings(session, [CATALOG])) == 6
