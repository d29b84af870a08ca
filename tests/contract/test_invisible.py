"""An invisible character in a key or an address is refused by name and position, wherever it is."""

from typing import Any

import pytest

from testing.clients.api import JsonObject
from testing.shops.service import Shop
from testing.worlds.contract import open_course

MARK = "\u202a"
TOLD = ["Remove the invisible character U+202A at position 1."]


def refused(shop: Shop, method: str, path: str, **request: Any) -> JsonObject:
    headers = {"Accept": "application/json"}
    url = path.format(enterprise=shop.uuid)
    answer = shop.api.request(method, url, headers=headers, **request)
    assert answer.status_code == 400, answer.text
    body: JsonObject = answer.json()
    return body


@pytest.mark.parametrize("place", ["courses/{}", "course-runs/{}"])
def test_in_a_path(shop: Shop, place: str) -> None:
    shop.stock(open_course(shop.key("A")))
    path = f"{shop.path}/{place.format(MARK)}{shop.key('A')}"
    (told,) = refused(shop, "GET", path).values()
    assert told == TOLD


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/enterprise/v3/enterprise-customer/{enterprise}/learner-summary", "user_email"),
        ("/enterprise/v3/enterprise-customer/{enterprise}/learner-summary", "course_key"),
        ("/enterprise/v3/enterprise-customer/{enterprise}/learner-summary", "courserun_key"),
    ],
)
def test_in_a_query(shop: Shop, path: str, name: str) -> None:
    asked = {name: f"{MARK}a@b.org"}
    assert refused(shop, "GET", path, params=asked) == {name: TOLD}


def test_in_keys_of_a_catalog(shop: Shop) -> None:
    asked = {"content_keys": f"{MARK}A"}
    assert refused(shop, "GET", shop.path, params=asked) == {"content_keys": TOLD}


def test_in_bodies(shop: Shop) -> None:
    run = f"{MARK}course-v1:edX+DemoX+2026"
    enterprise = f"/enterprise/v1/enterprise-customer/{shop.uuid}"
    wish = {"course_run_id": run, "course_mode": "audit", "user_email": f"{MARK}ana@b.org"}
    answer = shop.api.request("POST", f"{enterprise}/course-enrollments", json=[wish])
    assert answer.json() == [{"course_run_id": TOLD, "user_email": TOLD}]
    bulk = {"emails": ["ana@b.org"], "course_run_keys": [run]}
    path = f"/enterprise/v1/bulk-license-enrollment?enterprise_customer_uuid={shop.uuid}"
    assert refused(shop, "POST", path, json=bulk) == {"course_run_keys": {"0": TOLD}}
