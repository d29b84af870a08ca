"""`learner-data`: one person's data is exported, gets another address, and is erased."""

from uuid import uuid4

import httpx
import pytest

from testing.clients.api import Api
from testing.shops.service import Service, Shop
from testing.worlds.contract import ADMIN, REPORTING

ANA, BEN = "ana@example.org", "ben@example.org"


@pytest.fixture
def shop(service: Service) -> Shop:
    shop = service.open_shop()
    learners = [{"email": ANA, "lms_user_id": 501, "consent": True}, {"email": BEN}]
    shop.declare(learners=learners)
    return shop


def ask(shop: Shop, what: str, api: Api | None = None, **body: str) -> httpx.Response:
    path = f"/enterprise/v1/enterprise-customer/{shop.uuid}/learner-data/{what}"
    return (api or shop.api).post(path, json=body)


def test_all_of_one_person_is_exported(shop: Shop) -> None:
    exported = ask(shop, "export", email=f" {ANA.upper()}").json()
    assert list(exported) == [
        "enterprise_customer_uuid", "email", "other_addresses", "lms_user_ids", "tables",
    ]  # fmt: skip
    assert (exported["email"], exported["lms_user_ids"]) == (ANA, [501])
    assert [learner["email"] for learner in exported["tables"]["learners"]] == [ANA]


def test_an_address_is_changed(shop: Shop) -> None:
    answer = ask(shop, "change-email", email=ANA, new_email="new@example.org")
    assert answer.json()["rows"]["learners"] == 1
    assert ask(shop, "export", email=ANA).json()["other_addresses"] == ["new@example.org"]
    taken = ask(shop, "change-email", email="new@example.org", new_email=BEN)
    assert (taken.status_code, list(taken.json())) == (422, ["detail"])


def test_a_person_is_erased(shop: Shop) -> None:
    answer = ask(shop, "erase", email=ANA)
    (tombstone,) = answer.json()["tombstones"]
    assert answer.json()["rows"]["learners"] == 1
    assert ANA not in answer.text
    assert ask(shop, "export", email=ANA).status_code == 404
    assert ask(shop, "erase", email=ANA).status_code == 404
    assert ask(shop, "export", email=BEN).status_code == 200
    exported = ask(shop, "export", email=tombstone).json()
    assert exported["lms_user_ids"] == []
    assert "learner.erased" in {event["type"] for event in exported["tables"]["events"]}


def test_a_repeated_erasure_gets_the_answer_of_the_first(shop: Shop) -> None:
    path = f"/enterprise/v1/enterprise-customer/{shop.uuid}/learner-data/erase"
    key = {"Idempotency-Key": str(uuid4())}
    first, again = (shop.api.post(path, json={"email": ANA}, headers=key) for _ in range(2))
    assert first.json() == again.json()
    assert first.status_code == again.status_code == 200


@pytest.mark.parametrize("what", ["export", "change-email", "erase"])
def test_who_may_not_is_refused(service: Service, shop: Shop, what: str) -> None:
    body = {"email": ANA, "new_email": "new@example.org"}
    assert ask(shop, what, service.anonymous, **body).status_code == 401
    assert ask(shop, what, service.acting_as(ADMIN), **body).status_code == 404
    assert ask(shop, what, service.acting_as(REPORTING), **body).status_code == 404
    assert ask(shop, what, email="no address").json() == {
        "email": ["Enter a valid email address."]
    } | ({"new_email": ["This field is required."]} if what == "change-email" else {})
    assert ask(shop, "export", email=ANA).json()["email"] == ANA
