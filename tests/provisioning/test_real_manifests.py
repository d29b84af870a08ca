"""Manifests as people write them who come from the old catalog service."""

import json
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.catalog.content.service import lock_content
from bursar.database.engine import Database
from bursar.provisioning.apply import apply
from bursar.provisioning.manifest import ManifestError, from_data
from bursar.provisioning.reading import parse_data
from bursar.provisioning.warnings import declared_filter_warnings
from testing.worlds.catalog import CATALOG, ENTERPRISE, members, store

PATHWAY = {
    "content_type": "learnerpathway",
    "uuid": "786bbe57-e06c-4eee-92f4-49087fccc200",
    "title": "Data Engineer",
    "partner": "edx",
    "steps": [],
}
RUN = {
    "key": "course-v1:QuayX+Q1+2026",
    "status": "published",
    "availability": "Current",
    "restriction_type": "custom-b2b-enterprise",
    "end": "2030-01-01T00:00:00Z",
}
PUBLIC = RUN | {"key": "course-v1:QuayX+Q1+open", "restriction_type": None}
COURSE = {
    "key": "QuayX+Q1",
    "title": "Harbours",
    "level_type": "Introductory",
    "owners": [{"key": "QuayX"}],
    "course_runs": [PUBLIC, RUN],
}
EVERYBODY = [PATHWAY["uuid"], COURSE["key"]]
FILTERS = """
shipped: {content_type: course, partner: edx, level_type: [Introductory, Advanced],
          availability: [Current, Starting Soon, Upcoming], status: published}
restricted: {content_type: course, restricted_runs_allowed: {"course:QuayX+Q1": [
             course-v1:QuayX+Q1+2026]}}
restricted, plain key: {content_type: course, restricted_runs_allowed: {QuayX+Q1: [
             course-v1:QuayX+Q1+2026]}}
pathways: {content_type: [learnerpathway, course], partner: EDX}
forced: {content_type: course, key: [none],
         enterprise_force_include_aggregation_keys: [QuayX+Q1]}
forced pathway: {content_type: course, key: [none], enterprise_force_include_aggregation_keys: [
         "learnerpathway:786bbe57-e06c-4eee-92f4-49087fccc200"]}
flags: {content_type: course, include_learner_pathways: "True",
        exclude_expired_course_run: "False"}
ordered: {content_type: course, ordering: [-start, title]}
corrected: {aggregation__key: ["course:QuayX+Q1"], org__exempt: [OtherX]}
"""


def manifest(content_filter: Any) -> dict[str, Any]:
    catalog = {"uuid": str(CATALOG), "title": "T", "content_filter": content_filter}
    enterprise = {"uuid": str(ENTERPRISE), "name": "Acme", "slug": "acme", "catalogs": [catalog]}
    return {"enterprises": [enterprise]}


def applied(session: Session, content_filter: Any) -> list[str]:
    """The warnings."""
    declared = [from_data(manifest(content_filter))]
    apply(session, Actor("test"), declared, now=lock_content(session))
    return declared_filter_warnings(session, declared)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("shipped", ["QuayX+Q1"]),
        ("restricted", ["QuayX+Q1"]),
        ("restricted, plain key", ["QuayX+Q1"]),
        ("pathways", EVERYBODY),
        ("forced", ["QuayX+Q1"]),
        ("forced pathway", [PATHWAY["uuid"]]),
        ("flags", ["QuayX+Q1"]),
        ("ordered", ["QuayX+Q1"]),
        ("corrected", ["QuayX+Q1"]),
    ],
)
def test_they_are_applied_and_select_what_was_meant(
    database: Database, name: str, expected: list[str]
) -> None:
    filters: Any = parse_data(FILTERS)
    with database.transaction() as session:
        store(session, [COURSE, PATHWAY])
        warnings = applied(session, filters[name])
        assert members(session) == expected
        assert len(warnings) == (name == "ordered")


@pytest.mark.parametrize(
    ("key", "operand", "path", "why"),
    [
        ("status__iexact", "published", "status__iexact", "unknown operator __iexact; known are"),
        ("start__range", ["a", "b"], "start__range", "unknown operator __range; known are"),
        ("org__", "x", "org__", "unknown operator"),
        ("org__in__not", ["x"], "org__in__not", "unknown operator __in__not"),
        ("ordering__in", ["x"], "ordering__in", "takes no operator"),
        ("content_type", ["course", "video"], "content_type[1]", "must be course, courserun, "),
        ("org", {"$in": ["x"]}, "org", "must be a string, a number, a boolean or null"),
        ("$or", [{"org": "x"}], "$or[0]", "must be a string, a number, a boolean or null"),
    ],
)
def test_what_no_filter_knows_is_refused_with_its_path(
    key: str, operand: object, path: str, why: str
) -> None:
    with pytest.raises(ManifestError) as caught:
        from_data(manifest({key: operand}))
    (problem,) = caught.value.problems
    assert problem.startswith(f"enterprises[0].catalogs[0].content_filter.{path}: {why}")


@pytest.mark.parametrize("key", ["org", "org__in", "restricted_runs_allowed", "ordering", "$or"])
@pytest.mark.parametrize("opening", ['{"a": ', "["])
@pytest.mark.parametrize("depth", [200, 900, 5000])
def test_a_filter_that_is_nested_deeply_is_refused(key: str, opening: str, depth: int) -> None:
    closing = "}" if opening.startswith("{") else "]"
    deep = f'{{"{key}": {opening * depth}1{closing * depth}}}'
    text = json.dumps(manifest("HERE")).replace('"HERE"', deep)
    for written in (text, f"# YAML\n{text}"):
        with pytest.raises(ManifestError) as caught:
            from_data(parse_data(written))
        assert len(caught.value.problems) == 1


@pytest.mark.parametrize("depth", [64, 200, 900])
def test_a_document_that_is_nested_deeply_is_refused(database: Database, depth: int) -> None:
    text = json.dumps(COURSE | {"x": "HERE"})
    deep = text.replace('"HERE"', '{"a": ' * depth + "1" + "}" * depth)
    declared = [from_data(parse_data(f'{{"content": [{{"course": {deep}}}]}}'))]
    with database.transaction() as session, pytest.raises(ManifestError) as caught:
        apply(session, Actor("test"), declared, now=lock_content(session))
    assert caught.value.problems == ["content[0].course: nested more than 64 levels deep"]
