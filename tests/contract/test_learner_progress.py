"""`PUT .../learner-progress`: what an LMS reports is in the report at once, all or nothing."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from testing.clients.api import Api
from testing.shops.service import Service, Shop
from testing.worlds.contract import ACME

ANA, RUN = "ana@example.org", "course-v1:edX+DemoX+2026"
ROW = {"learner_email": ANA, "courserun_key": RUN}
REQUIRED = ["This field is required."]


@pytest.fixture
def shop(service: Service) -> Shop:
    shop = service.open_shop()
    shop.declare(learners=[{"email": ANA, "consent": True}])
    return shop


def path_of(uuid: UUID, what: str = "progress") -> str:
    return f"/enterprise/v3/enterprise-customer/{uuid}/learner-{what}"


def put(shop: Shop, *rows: Any, api: Api | None = None) -> httpx.Response:
    return (api or shop.api).request("PUT", path_of(shop.uuid), json={"enrollments": list(rows)})


def report(shop: Shop) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = shop.api.json(path_of(shop.uuid, "summary"))["results"]
    return results


def test_what_is_reported_is_in_the_report_and_said_again_changes_nothing(shop: Shop) -> None:
    row = ROW | {
        "learner_email": f" {ANA.upper()} ",
        "is_consent_granted": True,
        "current_grade": 0.82,
        "last_activity_date": "2026-03-01",
        "progress_status": "derived, so ignored",
        "nobody_knows_this": 1,
    }
    first, again = put(shop, row), put(shop, row)
    assert list(first.json().items()) == [("created", 1), ("changed", 0), ("unchanged", 0)]
    assert again.json() == {"created": 0, "changed": 0, "unchanged": 1}
    [summary] = report(shop)
    assert (summary["user_email"], summary["courserun_key"]) == (ANA, RUN)
    assert (summary["current_grade"], summary["last_activity_date"]) == (0.82, "2026-03-01")
    assert summary["progress_status"] == "In Progress"


def test_a_client_reports_a_withdrawn_consent_but_gives_none(shop: Shop) -> None:
    told = ROW | {
        "learner_email": "ben@example.org",
        "is_consent_granted": True,
        "has_passed": True,
    }
    put(shop, told)
    assert put(shop, told).json() == {"created": 0, "changed": 0, "unchanged": 1}
    [summary] = report(shop)
    assert (summary["is_consent_granted"], summary["has_passed"]) == (False, None)
    put(shop, ROW | {"is_consent_granted": False})
    assert {row["user_email"] for row in report(shop)} == {None}
    shop.declare(learners=[{"email": "ben@example.org", "consent": True}])
    assert {row["user_email"] for row in report(shop)} == {"ben@example.org", None}


def test_what_a_row_leaves_out_stays_and_null_takes_away(shop: Shop) -> None:
    put(shop, ROW | {"is_consent_granted": True, "letter_grade": "B", "current_grade": 0.8})
    changed = put(shop, ROW | {"letter_grade": None, "has_passed": True})
    assert changed.json() == {"created": 0, "changed": 1, "unchanged": 0}
    [summary] = report(shop)
    assert (summary["letter_grade"], summary["current_grade"]) == (None, 0.8)
    assert summary["progress_status"] == "Passed"


def test_every_error_is_told_at_its_row_and_nothing_is_stored(shop: Shop) -> None:
    rows = [ROW, {"courserun_key": " ", "current_grade": "high"}, 7, ROW | {"passed_date": "soon"}]
    answer = put(shop, *rows)
    assert answer.status_code == 400
    assert answer.json() == {
        "enrollments": {
            "1": {
                "learner_email": REQUIRED,
                "courserun_key": ["This field may not be blank."],
                "current_grade": ["A valid number is required."],
            },
            "2": {"non_field_errors": ["Invalid data. Expected a dictionary, but got int."]},
            "3": {"passed_date": ["Must be a date, YYYY-MM-DD."]},
        }
    }
    assert report(shop) == []


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, REQUIRED),
        ({"enrollments": []}, ["This list may not be empty."]),
        ({"enrollments": ROW}, ['Expected a list of items but got type "dict".']),
    ],
)
def test_a_body_without_rows_is_refused(shop: Shop, body: Any, errors: list[str]) -> None:
    answer = shop.api.request("PUT", path_of(shop.uuid), json=body)
    assert (answer.status_code, answer.json()) == (400, {"enrollments": errors})


def test_a_reporting_client_reads_only(reporting: Api, service: Service) -> None:
    answer = reporting.request("PUT", path_of(ACME), json={"enrollments": [ROW]})
    assert answer.status_code == 403
