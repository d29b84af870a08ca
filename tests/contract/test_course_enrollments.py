"""Enrolling learners without a license or credit: what a client sends, and what it is answered."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import update

from bursar.enrollment.direct.models import DirectEnrollment
from testing.clients.api import Api, xml_of
from testing.clients.inside import Inside
from testing.shops.service import Service, Shop
from testing.worlds.contract import ACME, ADMIN, REPORTING, open_course
from tests.contract.test_compatibility import unchecked

SUCCESS, PENDING = {"detail": "success"}, {"detail": "pending"}
OUTSIDE = {"course_run_id": ["This course run is in none of the enterprise's catalogs."]}
WHO = "Give user_email or lms_user_id."
NOW = datetime(2030, 1, 1, tzinfo=UTC)
ANA, BEN = "ana@example.org", "ben@example.org"


def path_of(enterprise: object, version: int = 1) -> str:
    return f"/enterprise/v{version}/enterprise-customer/{enterprise}/course-enrollments"


@pytest.fixture(scope="module")
def stocked(service: Service) -> Shop:
    """With a course that is open, and an account of Ana."""
    shop = service.open_shop()
    shop.stock(open_course(shop.key("Open")))
    shop.declare(learners=[{"email": ANA, "lms_user_id": 501}])
    return shop


def run_of(shop: Shop) -> str:
    return f"course-v1:{shop.key('Open')}+1T2026"


def item(shop: Shop, **fields: Any) -> dict[str, Any]:
    return {"course_run_id": run_of(shop), "course_mode": "verified"} | fields


def ask(shop: Shop, body: Any, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named.setdefault("Accept", "application/json")
    return shop.api.post(path_of(shop.uuid), json=body, headers=named)


def answers(shop: Shop, *items: Any) -> Any:
    response = ask(shop, list(items))
    assert response.status_code == 200, response.text
    return response.json()


def test_each_item_is_answered_in_order_and_one_that_is_bad_stops_no_other(stocked: Shop) -> None:
    assert answers(
        stocked,
        item(stocked, user_email="no address"),
        item(stocked, user_email=f" {ANA.upper()} "),
        item(stocked, user_email=BEN, course_mode="honor"),
        item(stocked, user_email=BEN),
        item(stocked, user_email=BEN, course_run_id="course-v1:edX+None+1"),
        item(stocked),
        "nonsense",
        item(stocked, lms_user_id=501, cohort="blue", email_students=True),
        item(stocked, lms_user_id=77),
        item(stocked, tpa_user_id="x"),
        {"user_email": ANA, "is_active": "no"},
        item(stocked, user_email=ANA, cohort="\0"),
    ) == [
        {"user_email": ["Enter a valid email address."]},
        SUCCESS,
        {"course_mode": ["Must be one of: 'audit', 'verified' or 'professional'."]},
        PENDING,
        OUTSIDE,
        {"non_field_errors": [WHO]},
        {"non_field_errors": ["Invalid data. Expected a dictionary, but got str."]},
        SUCCESS,
        {"lms_user_id": ["No learner of the enterprise has this account. Give user_email."]},
        {"tpa_user_id": [f"Not supported. {WHO}"]},
        {
            "course_run_id": ["This field is required."],
            "course_mode": ["This field is required."],
            "is_active": ["Must be a valid boolean."],
        },
        {"cohort": ["Null characters are not allowed."]},
    ]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, 'Expected a list of items but got type "dict".'),
        ("x", 'Expected a list of items but got type "str".'),
        (None, "This field may not be null."),
        ([], "This list may not be empty."),
        ([0] * 10_001, "Ensure this field has no more than 10000 elements."),
    ],
)
def test_a_body_that_is_no_list_of_items_is_refused(
    stocked: Shop, inside: Inside, body: Any, message: str
) -> None:
    answered = post_inside(stocked, inside, body)
    assert (answered[0], answered[1]) == (400, {"non_field_errors": [message]})


def post_inside(shop: Shop, inside: Inside, body: Any) -> tuple[int, Any]:
    """Without the small limit that the server of these tests has for bodies."""
    assert shop.api.authorization is not None
    headers = {
        "authorization": shop.api.authorization,
        "content-type": "application/json",
        "accept": "application/json",
    }
    sent = [(name.encode(), value.encode()) for name, value in headers.items()]
    target = path_of(shop.uuid).encode()
    answered = inside.ask("POST", target, sent, json.dumps(body).encode())
    return answered.status, json.loads(answered.body)


def test_ten_thousand_items_of_which_every_second_is_bad(service: Service, inside: Inside) -> None:
    shop = service.open_shop()
    shop.stock(open_course(shop.key("Open")))
    good = [item(shop, user_email=f"learner{number}@example.org") for number in range(5_000)]
    bad = [item(shop, user_email=f"learner{number}@@example.org") for number in range(5_000)]
    body = [each for pair in zip(good, bad, strict=True) for each in pair]
    status, answered = post_inside(shop, inside, body)
    assert status == 200
    assert answered == [PENDING, {"user_email": ["Enter a valid email address."]}] * 5_000


def test_a_repeat_changes_nothing(stocked: Shop) -> None:
    wish = item(stocked, user_email="cal@example.org")
    assert answers(stocked, wish) == [PENDING]
    before = stocked.service.changes_of("direct_enrollments.requested")
    assert answers(stocked, wish, wish) == [PENDING, PENDING]
    assert stocked.service.changes_of("direct_enrollments.requested") == before


def test_who_was_never_enrolled_may_leave(stocked: Shop) -> None:
    assert answers(stocked, item(stocked, user_email="x@example.org", is_active=False)) == [SUCCESS]


def test_an_idempotency_key_repeats_the_answer(stocked: Shop) -> None:
    body = [item(stocked, user_email="dan@example.org"), item(stocked)]
    first = ask(stocked, body, Idempotency_Key="course-enrollments")
    again = ask(stocked, body, Idempotency_Key="course-enrollments")
    assert first.json() == again.json() == [PENDING, {"non_field_errors": [WHO]}]
    assert again.headers["idempotent-replayed"] == "true"
    other = ask(stocked, body[:1], Idempotency_Key="course-enrollments")
    assert other.status_code == 422


def test_the_second_version_s_address_is_the_same(stocked: Shop) -> None:
    authorization = {"Authorization": stocked.api.authorization or ""}
    for path in (path_of(stocked.uuid, 2), f"{path_of(stocked.uuid, 2)}/"):
        response = stocked.api.http.post(
            path, json=[item(stocked, user_email=ANA)], headers=authorization
        )
        assert (response.status_code, response.json()) == (200, [SUCCESS])
    assert unchecked(stocked.api, path_of(stocked.uuid, 2)).status_code == 200


def test_an_answer_in_xml_has_the_same_items(stocked: Shop) -> None:
    body = [item(stocked, user_email=ANA), item(stocked)]
    root = xml_of(ask(stocked, body, Accept="application/xml"))
    assert [[child.tag for child in each] for each in root] == [["detail"], ["non_field_errors"]]


def test_only_an_administrator_of_the_enterprise_may(service: Service, stocked: Shop) -> None:
    wish = [item(stocked, user_email=ANA)]

    def status(api: Api, enterprise: object) -> int:
        return api.post(path_of(enterprise), json=wish).status_code

    assert status(service.anonymous, ACME) == 401
    assert status(service.acting_as(REPORTING), ACME) == 403
    assert status(service.acting_as(ADMIN), stocked.uuid) == 404
    assert status(service.acting_as(ADMIN), ACME) == 200


# --- what came of them ---

REFUSED = {"state": "failed", "reason": "Enrollment is closed"}


@pytest.fixture(scope="module")
def settled(service: Service) -> Shop:
    """Ana's enrollment was refused, Ben's waits for his account, Cal's was to end and is queued."""
    shop = service.open_shop()
    shop.stock(open_course(shop.key("Open")))
    shop.declare(learners=[{"email": ANA, "lms_user_id": 501}])
    wishes = [item(shop, user_email=ANA, cohort="blue"), item(shop, user_email=BEN)]
    assert answers(shop, *wishes) == [SUCCESS, PENDING]
    with service.database.transaction() as session:
        session.execute(
            update(DirectEnrollment)
            .where(
                DirectEnrollment.enterprise_uuid == shop.uuid, DirectEnrollment.state == "queued"
            )
            .values(state="failed", error="Enrollment is closed", modified_at=NOW)
        )
    return shop


def listed(shop: Shop, **params: Any) -> Any:
    return shop.api.json(path_of(shop.uuid), params=params)


def test_what_the_lms_refused_is_listed_with_its_reason(settled: Shop) -> None:
    (refused,) = listed(settled, state="failed")["results"]
    assert list(refused) == [
        "user_email",
        "lms_user_id",
        "course_run_id",
        "course_mode",
        "is_active",
        "cohort",
        "state",
        "reason",
        "created",
        "modified",
    ]
    assert refused | {"created": ""} == {
        "user_email": ANA,
        "lms_user_id": 501,
        "course_run_id": run_of(settled),
        "course_mode": "verified",
        "is_active": True,
        "cohort": "blue",
        **REFUSED,
        "created": "",
        "modified": "2030-01-01T00:00:00Z",
    }


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, [ANA, BEN]),
        ({"state": ""}, [ANA, BEN]),
        ({"state": "waiting"}, [BEN]),
        ({"state": "waiting,failed"}, [ANA, BEN]),
        ({"state": ["waiting", "done"]}, [BEN]),
        ({"state": "done"}, []),
        ({"user_email": f" {BEN.upper()} "}, [BEN]),
        ({"user_email": "nobody@example.org"}, []),
        ({"course_run_id": "course-v1:edX+None+1"}, []),
    ],
)
def test_they_can_be_selected(settled: Shop, asked: dict[str, Any], found: list[str]) -> None:
    answered = listed(settled, **asked)
    assert [each["user_email"] for each in answered["results"]] == found
    assert answered["count"] == len(found)


def test_by_the_key_of_the_run_too(settled: Shop) -> None:
    for key in (run_of(settled), f" {run_of(settled)}", run_of(settled).replace("+", " ")):
        assert listed(settled, course_run_id=key)["count"] == 2


def test_they_come_in_pages(settled: Shop) -> None:
    first = listed(settled, page_size=1)
    assert (first["count"], first["previous"]) == (2, None)
    assert path_of(settled.uuid) in first["next"]
    second = listed(settled, page_size=1, page=2)
    assert [each["user_email"] for each in second["results"]] == [BEN]
    assert (second["next"], "page_size=1" in second["previous"]) == (None, True)
    assert settled.api.get(path_of(settled.uuid), params={"page": 3}).status_code == 404


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"state": "refused"}, {"state": ["Must be one of: queued, waiting, done, failed."]}),
        (
            {"course_run_id": "a\u200b"},
            {"course_run_id": ["Remove the invisible character U+200B at position 2."]},
        ),
        (
            {"user_email": "\u202aa@b.org"},
            {"user_email": ["Remove the invisible character U+202A at position 1."]},
        ),
    ],
)
def test_a_wrong_parameter_of_the_list_is_named(
    settled: Shop, asked: dict[str, str], message: Any
) -> None:
    accept = {"Accept": "application/json"}
    response = settled.api.get(path_of(settled.uuid), params=asked, headers=accept)
    assert (response.status_code, response.json()) == (400, message)


def test_the_list_is_the_enterprise_s_alone(service: Service, settled: Shop) -> None:
    path = path_of(settled.uuid)
    assert service.anonymous.get(path).status_code == 401
    assert service.acting_as(ADMIN).get(path).status_code == 404
    foreign, unknown = (
        service.acting_as(ADMIN).get(path_of(uuid)) for uuid in (settled.uuid, uuid4())
    )
    assert foreign.content == unknown.content
    assert service.acting_as(REPORTING).get(path_of(ACME)).status_code == 200
