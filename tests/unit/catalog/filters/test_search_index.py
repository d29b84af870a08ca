"""Fields that mean what they meant in the discovery service's search index."""

from typing import Any

import pytest

from bursar.catalog.content.content_types import ContentType
from bursar.catalog.filters.service import parse_filter

COURSE, RUN, PROGRAM = ContentType.COURSE, ContentType.COURSE_RUN, ContentType.PROGRAM
FORCED = "enterprise_force_include_aggregation_keys"

OPEN: dict[str, Any] = {
    "key": "course-v1:MITx+A1+open",
    "status": "published",
    "availability": "Current",
    "start": "2026-01-01T00:00:00Z",
    "end": "2030-01-01T00:00:00Z",
    "enrollment_start": None,
    "enrollment_end": None,
    "pacing_type": "self_paced",
    "seats": [{"type": "audit"}, {"type": "verified"}],
    "mobile_available": True,
    "content_language": "en-us",
    "content_language_search_facet_name": "English - United States",
    "transcript_languages": ["es-es", "de-de"],
    "first_enrollable_paid_seat_price": 150,
    "is_enrollable": True,
    "type": "verified",
}
OLD: dict[str, Any] = {
    "key": "course-v1:MITx+A1+old",
    "status": "unpublished",
    "availability": "Archived",
    "seats": [],
    "mobile_available": False,
    "content_language": "fr",
    "first_enrollable_paid_seat_price": None,
    "is_enrollable": False,
    "type": "audit",
}
MINE = OPEN | {"key": "course-v1:MITx+A1+mine", "restriction_type": "custom-b2b-enterprise"}


def course(*runs: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"key": "MITx+A1", "course_runs": list(runs), **fields}


def matches(raw: dict[str, Any], document: dict[str, Any], kind: ContentType = COURSE) -> bool:
    return parse_filter(raw).matches(document, kind)


OF_RUNS = [
    ({"status": "published"}, True),
    ({"status": "Published"}, True),
    ({"status__exact": "Published"}, False),
    ({"status": "reviewed"}, False),
    ({"status__exclude": ["unpublished"]}, False),
    ({"status__not": "reviewed"}, True),
    ({"availability": ["Current", "Starting Soon", "Upcoming"]}, True),
    ({"availability__in": ["Upcoming"]}, False),
    ({"start__lte": "2026-06-01"}, True),
    ({"end__gt": "2031-01-01"}, False),
    ({"enrollment_start": None}, True),
    ({"enrollment_end__lt": "2050-01-01"}, False),
    ({"enrollment_end__exists": False}, True),
    ({"pacing_type": "self_paced"}, True),
    ({"seat_types": "verified"}, True),
    ({"seat_types": ["professional", "credit"]}, False),
    ({"mobile_available": "True"}, True),
    ({"mobile_available": True}, True),
    ({"language": "fr"}, True),
    ({"languages": "english - united states"}, True),
    ({"language": "de"}, False),
    ({"transcript_languages": "DE-DE"}, True),
    ({"first_enrollable_paid_seat_price__lte": "301"}, True),
    ({"first_enrollable_paid_seat_price__lt": 150}, False),
    ({"first_enrollable_paid_seat_price": 150}, True),
    ({"has_enrollable_seats": True}, True),
    ({"is_enrollable": "true"}, True),
    ({"type": "verified"}, True),
    ({"type": "masters"}, False),
    ({"published": True}, True),
]


@pytest.mark.parametrize(("raw", "expected"), OF_RUNS)
def test_a_course_has_what_one_of_its_runs_has(raw: dict[str, Any], expected: bool) -> None:
    assert matches(raw, course(OLD, OPEN)) is expected


@pytest.mark.parametrize(("raw", "expected"), OF_RUNS)
def test_a_run_by_itself_has_what_a_course_of_it_has(raw: dict[str, Any], expected: bool) -> None:
    assert matches(raw, OPEN, RUN) is matches(raw, course(OPEN))


@pytest.mark.parametrize("none", [{}, {"status": None}, {"status": []}])
def test_what_a_course_has_itself_counts_before_its_runs(none: dict[str, Any]) -> None:
    assert matches({"status": "published"}, course(OPEN, **none))
    assert not matches({"status": "published"}, course(OPEN, status=["archived"]))
    assert matches({"status": "archived"}, course(OPEN, status=["archived"]))


@pytest.mark.parametrize(
    "runs", [{}, {"course_runs": None}, {"course_runs": "x"}, {"course_runs": [5]}]
)
def test_a_course_without_runs_has_nothing_of_them(runs: dict[str, Any]) -> None:
    assert not matches({"status": "published"}, {"key": "MITx+A1"} | runs)
    assert matches({"status__not": "published"}, {"key": "MITx+A1"} | runs)


def test_a_program_has_only_what_it_has_itself() -> None:
    assert not matches({"status": "published"}, {"uuid": "x", "course_runs": [OPEN]}, PROGRAM)
    assert matches({"status": "published"}, {"uuid": "x", "status": "Published"}, PROGRAM)


def test_the_filter_that_every_catalog_of_the_old_service_starts_with() -> None:
    raw = {
        "content_type": "course",
        "partner": "edx",
        "level_type": ["Introductory", "Intermediate", "Advanced"],
        "availability": ["Current", "Starting Soon", "Upcoming"],
        "status": "published",
    }
    assert matches(raw, course(OLD, OPEN, level_type="Intermediate"))
    assert matches(raw, course(OLD, OPEN, level_type={"name": "intermediate"}))
    assert not matches(raw, course(OLD, level_type="Intermediate"))
    assert not matches(raw, OPEN | {"level_type": "Intermediate"}, RUN)


def test_a_restricted_run_gives_its_course_nothing_unless_it_is_allowed() -> None:
    allowed = {"restricted_runs_allowed": {"course:MITx+A1": [MINE["key"]]}}
    assert not matches({"status": "published"}, course(MINE, OLD))
    assert matches({"status": "published"} | allowed, course(MINE, OLD))
    assert matches({"status": "published"}, course(MINE, OPEN))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({}, False),
        ({FORCED: ["courserun:MITx+A1"]}, False),
        ({"restricted_runs_allowed": {"course:MITx+A1": [MINE["key"]]}}, True),
        ({"restricted_runs_allowed": {"MITx+A1": [MINE["key"]]}}, True),
        ({"restricted_runs_allowed": {"MITx+A1": [OPEN["key"]]}}, False),
    ],
)
def test_a_restricted_run_is_selected_only_by_a_filter_that_names_it(
    raw: dict[str, Any], expected: bool
) -> None:
    assert matches(raw, MINE | {"course": "MITx+A1"}, RUN) is expected
    assert matches(raw, MINE | {"course": "MITx+A1", "restriction_type": ""}, RUN)


@pytest.mark.parametrize(
    "directive",
    [
        {"include_learner_pathways": "True"},
        {"include_learner_pathways": False},
        {"exclude_expired_course_run": True},
        {"ordering": "-start"},
        {"ordering": ["start", "key"]},
        {"restricted_runs_allowed": {}},
        {FORCED: []},
    ],
)
def test_directives_are_no_conditions(directive: dict[str, Any]) -> None:
    assert matches({"content_type": "course"} | directive, course())


@pytest.mark.parametrize("forced", ["MITx+A1", "course:MITx+A1", "course:own"])
def test_a_forced_course_is_named_by_its_key_or_its_own_aggregation_key(forced: str) -> None:
    raw = {"key": ["none"], FORCED: [forced]}
    assert matches(raw, course(aggregation_key="course:own"))
    assert not matches(raw, course(aggregation_key="course:other") | {"key": "MITx+B1"})


@pytest.mark.parametrize("field", ["aggregation_key", "aggregation__key", "aggregration__key"])
@pytest.mark.parametrize(("suffix", "expected"), [("", True), ("__in", True), ("__exclude", False)])
def test_the_corrections_of_the_old_service_hold(field: str, suffix: str, expected: bool) -> None:
    assert matches({field + suffix: ["course:MITx+A1"]}, course()) is expected


def test_an_own_aggregation_key_counts_before_the_usual_one() -> None:
    assert matches({"aggregation_key": "course:Own"}, course(aggregation_key="course:own"))
    assert not matches({"aggregation_key": "course:MITx+A1"}, course(aggregation_key="course:own"))
