from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from opaque_keys.edx.keys import CourseKey
from opaque_keys.edx.locator import CourseLocator

from bursar.demo.content import course_runs, courses, programs
from bursar.demo.learners import enrollments, started_runs
from bursar.demo.manifest import (
    DEMO_CLIENT_ID,
    DEMO_CLIENT_SECRET,
    DEMO_COURSES,
    DEMO_PROGRAMS,
    ENROLLMENTS,
    LEARNERS,
    demo_manifest,
)
from testing.worlds.contract import Document, reference

NOW = datetime(2026, 11, 24, 13, 45, 12, tzinfo=UTC)

# Null although the reference's examples show a value: its own text or its other example says so.
NULLABLE = {
    "course_runs[].type",
    "course_runs[].end",
    "course_runs[].seats[].upgrade_deadline",
    "external_key",
    "enrollment_end",
    "end",
    "type",
    "variant_id",
    "seats[].upgrade_deadline",
    "degree",
    "course_runs[].staff[].urls.facebook",
}


@pytest.fixture(scope="module")
def many() -> list[Document]:
    return list(courses(2_000, NOW))


@pytest.fixture(scope="module")
def manifest() -> Document:
    return demo_manifest(NOW)


def differences(value: Any, example: Any, path: str = "") -> Iterator[str]:
    """Where a document's keys, their order or their types leave those of the example."""
    if example is None or (value is None and path in NULLABLE):
        return
    if isinstance(example, dict) and example:
        if not isinstance(value, dict) or list(value) != list(example):
            yield f"{path}: other keys"
            return
        for name in example:
            yield from differences(value[name], example[name], f"{path}.{name}".lstrip("."))
    elif isinstance(example, list):
        if not isinstance(value, list):
            yield f"{path}: no list"
        elif example:
            for item in value:
                yield from differences(item, example[0], f"{path}[]")
    elif kind(value) is not kind(example):
        yield f"{path}: {type(value).__name__}"


def kind(value: object) -> type:
    return float if type(value) is int else type(value)


def is_active(course: Document, now: datetime) -> bool:
    return any(is_open(run, now) for run in course["course_runs"])


def is_open(run: Document, now: datetime) -> bool:
    future = all(
        run[name] is None or datetime.fromisoformat(run[name]) > now
        for name in ("enrollment_end", "end")
    )
    begins = run["enrollment_start"]
    begun = begins is None or datetime.fromisoformat(begins) <= now
    return run["status"] == "published" and future and not (begun and not run["is_enrollable"])


def without_dates(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_dates(item) for name, item in value.items()}
    if isinstance(value, list):
        return [without_dates(item) for item in value]
    return "date" if isinstance(value, str) and value[:4].isdigit() and value[4] == "-" else value


def test_courses_have_the_keys_order_and_types_of_the_reference(many: list[Document]) -> None:
    example = reference("course")
    assert [d for c in many for d in differences(c, example)] == []


def test_standalone_runs_have_the_keys_order_and_types_of_the_reference() -> None:
    example = reference("course_run")
    assert [d for run in course_runs(200, NOW) for d in differences(run, example)] == []


def test_programs_have_the_keys_order_and_types_of_the_reference(many: list[Document]) -> None:
    example = reference("program")
    assert [d for p in programs(40, many[:240], NOW) for d in differences(p, example)] == []


def test_two_thousand_courses_have_unique_keys_and_uuids(many: list[Document]) -> None:
    runs = [run for course in many for run in course["course_runs"]]
    standalone = list(course_runs(200, NOW))
    identities = [d[name] for d in (*many, *runs, *standalone) for name in ("key", "uuid")]
    assert max(Counter(identities).values()) == 1
    assert len({course["url_slug"] for course in many}) == 2_000
    assert not {r["course"] for r in standalone} & {c["key"] for c in many}


def test_the_same_request_gives_the_same_bytes_and_a_shorter_one_their_beginning() -> None:
    first = [json.dumps(course) for course in courses(60, NOW)]
    assert first == [json.dumps(course) for course in courses(60, NOW)]
    assert first[:20] == [json.dumps(course) for course in courses(20, NOW)]
    assert first != [json.dumps(course) for course in courses(60, NOW, seed=7)]


def test_now_moves_dates_only(manifest: Document) -> None:
    later = NOW + timedelta(days=200, hours=7)
    assert without_dates(list(courses(100, NOW))) == without_dates(list(courses(100, later)))
    assert without_dates(manifest) == without_dates(demo_manifest(later))


def test_a_naive_now_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        next(courses(1, NOW.replace(tzinfo=None)))


def test_every_run_key_parses_and_names_its_course(many: list[Document]) -> None:
    runs = [run for course in many for run in course["course_runs"]]
    for run in (*runs, *course_runs(50, NOW)):
        parsed = CourseKey.from_string(run["key"])
        assert isinstance(parsed, CourseLocator)
        assert f"{parsed.org}+{parsed.course}" == run["course"]


def test_about_one_course_in_eight_is_not_active(many: list[Document]) -> None:
    inactive = sum(not is_active(course, NOW) for course in many) / len(many)
    assert 0.10 <= inactive <= 0.14
    assert any(not is_active(course, NOW) for course in many[:240])


@pytest.mark.parametrize("hour", [0, 23])
def test_the_hour_of_the_day_decides_nothing(many: list[Document], hour: int) -> None:
    instant = NOW.replace(hour=hour, minute=59)
    assert [is_active(c, instant) for c in many] == [is_active(c, NOW) for c in many]


def test_the_content_is_varied(many: list[Document]) -> None:
    demo = many[:DEMO_COURSES]
    runs = [run for course in demo for run in course["course_runs"]]
    assert {len(course["course_runs"]) for course in demo} == {1, 2, 3}
    assert len({course["subjects"][0]["slug"] for course in demo}) >= 12
    assert len({course["owners"][0]["key"] for course in demo}) >= 15
    assert len({course["title"] for course in demo}) == DEMO_COURSES
    assert {run["content_language"][:2] for run in runs} == {"en", "es", "fr"}
    assert {run["pacing_type"] for run in runs} == {"self_paced", "instructor_paced"}
    assert {"published", "unpublished"} <= {run["status"] for run in runs}
    assert {c["level_type"] for c in demo} == {"Introductory", "Intermediate", "Advanced"}
    assert {c["product_source"]["slug"] for c in demo} == {"open", "lanternhill"}
    text = "".join(course["full_description"] + course["title"] for course in demo)
    assert all(character in text for character in "éñ漢🌍")


def test_seats_entitlements_and_price_agree(many: list[Document]) -> None:
    for course in many:
        price = course["entitlements"][0]["price"]
        assert 49 <= float(price) <= 899
        for run in course["course_runs"]:
            assert run["seats"][-1]["price"] == price
            assert f"{run['first_enrollable_paid_seat_price']}.00" == price


def test_the_average_course_weighs_about_seven_and_a_half_kilobytes(many: list[Document]) -> None:
    size = sum(
        len(json.dumps(course, ensure_ascii=False, separators=(",", ":")).encode())
        for course in many
    )
    assert 7_000 <= size / len(many) <= 8_000


def test_programs_hold_courses_that_exist_and_name_them(many: list[Document]) -> None:
    demo = many[:DEMO_COURSES]
    keys = {course["key"]: course for course in demo}
    found = list(programs(DEMO_PROGRAMS, demo, NOW))
    assert len({program["uuid"] for program in found}) == DEMO_PROGRAMS
    for program in found:
        assert 3 <= len(program["courses"]) <= 5
        for course in program["courses"]:
            named = [reference["uuid"] for reference in keys[course["key"]]["programs"]]
            assert named == [program["uuid"]]
            assert all(run["key"] for run in course["course_runs"])


def test_the_manifest_is_plain_json_with_two_enterprises(manifest: Document) -> None:
    assert json.loads(json.dumps(manifest)) == manifest
    acme, other = manifest["enterprises"]
    assert acme["name"] == "Acme Corporation"
    assert acme["clients"][0] == {
        "client_id": DEMO_CLIENT_ID,
        "client_secret": DEMO_CLIENT_SECRET,
        "role": "admin",
    }
    for enterprise in (acme, other):
        assert [client["role"] for client in enterprise["clients"]] == ["admin", "reporting"]
        assert len(enterprise["learners"]) == LEARNERS[enterprise["slug"]]


def test_uuids_and_logins_of_the_manifest_are_unique(manifest: Document) -> None:
    parts = ("catalogs", "subsidies", "policies", "subscription_plans")
    both = manifest["enterprises"]
    uuids = [item["uuid"] for e in both for part in parts for item in e[part]]
    people = [person for e in both for person in e["learners"]]
    logins = [p[name] for p in people for name in ("email", "username", "lms_user_id")]
    assert max(Counter(uuids + logins).values()) == 1
    assert all(p["email"].isascii() and p["email"].endswith(".example") for p in people)


def test_references_inside_an_enterprise_hold(manifest: Document) -> None:
    for enterprise in manifest["enterprises"]:
        catalogs = {catalog["uuid"] for catalog in enterprise["catalogs"]}
        subsidies = {subsidy["uuid"] for subsidy in enterprise["subsidies"]}
        assert {policy["catalog_uuid"] for policy in enterprise["policies"]} <= catalogs
        assert {policy["subsidy_uuid"] for policy in enterprise["policies"]} <= subsidies
        plans = enterprise["subscription_plans"]
        assert {plan["enterprise_catalog_uuid"] for plan in plans} <= catalogs


def test_budgets_do_not_promise_more_than_was_deposited(manifest: Document) -> None:
    for enterprise in manifest["enterprises"]:
        (subsidy,) = enterprise["subsidies"]
        deposits = subsidy["starting_balance"] + sum(d["amount"] for d in subsidy["deposits"])
        assert sum(policy["spend_limit"] for policy in enterprise["policies"]) <= deposits


def test_forced_courses_and_partners_of_catalogs_exist(
    manifest: Document, many: list[Document]
) -> None:
    demo = many[:DEMO_COURSES]
    keys = {f"course:{course['key']}" for course in demo}
    owners = {owner["key"] for course in demo for owner in course["owners"]}
    for enterprise in manifest["enterprises"]:
        for catalog in enterprise["catalogs"]:
            content_filter = catalog["content_filter"]
            forced = content_filter.get("enterprise_force_include_aggregation_keys", [])
            assert set(forced) <= keys
            assert set(content_filter.get("partner", [])) <= owners


def test_enrollments_are_in_demo_runs_and_in_order_of_time(
    manifest: Document, many: list[Document]
) -> None:
    courses = many[:DEMO_COURSES]
    runs = {run["key"]: run for course in courses for run in course["course_runs"]}
    started, today = started_runs(courses, NOW.date()), NOW.date().isoformat()
    for enterprise in manifest["enterprises"]:
        people, count = enterprise["learners"], ENROLLMENTS[enterprise["slug"]]
        made = enrollments(people, started, NOW.date(), count)
        created = {person["email"]: person["created"][:10] for person in people}
        assert len({(each["learner_email"], each["courserun_key"]) for each in made}) == count
        assert enrollments(people, started, NOW.date(), count) == made
        for enrollment in made:
            assert enrollment["courserun_key"] in runs
            dates = [
                created[enrollment["learner_email"]],
                enrollment["enrollment_date"],
                enrollment.get("passed_date", enrollment["enrollment_date"]),
                enrollment.get("last_activity_date", today),
                today,
            ]
            assert dates == sorted(dates)
