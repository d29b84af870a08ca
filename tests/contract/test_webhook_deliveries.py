"""What was sent to webhook endpoints: listed, sent again, and events of the past replayed."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select, update

from bursar import clock
from bursar.database.bulk import bulk_insert
from bursar.delivery.models import Delivery, DeliveryAttempt, DeliveryStatus
from bursar.delivery.service import enqueue_deliveries
from bursar.events.cursors import cursor_of
from bursar.webhooks.models import WebhookEndpoint
from testing.clients.api import visible
from testing.clients.samples import UNKNOWN
from testing.shops.service import Service, Shop
from testing.worlds.contract import ADMIN, client, identifier
from testing.worlds.contract_webhooks import delivery_to, delivery_uuid

PATH = "/enterprise/v1/webhook-endpoints"
URL = "https://hooks.example.org/bursar"
JSON = {"Accept": "application/json"}


@pytest.fixture
def endpoint(shop: Shop) -> UUID:
    path = f"{PATH}?enterprise_customer_uuid={shop.uuid}"
    return UUID(shop.api.post(path, json={"url": URL}).json()["uuid"])


def queue(shop: Shop, endpoint: UUID, *names: str) -> None:
    """Deliveries, of which each was tried once in vain."""
    new = [delivery_to(endpoint, shop.uuid, name) for name in names]
    with shop.service.database.transaction() as session:
        enqueue_deliveries(session, new, clock.now())
        mine = select(Delivery.id).where(Delivery.target_uuid == endpoint)
        tried = {
            "number": 1, "at": clock.now(), "outcome": "retrying", "status": 503,
            "answer": "down", "seconds": 0.25,
        }  # fmt: skip
        rows = [{"delivery_id": each, **tried} for each in session.scalars(mine)]
        bulk_insert(session, DeliveryAttempt, rows)


def finish(shop: Shop, name: str, status: DeliveryStatus) -> None:
    mine = update(Delivery).where(Delivery.uuid == delivery_uuid(shop.uuid, name))
    with shop.service.database.transaction() as session:
        session.execute(mine.values(status=status.value, finished_at=clock.now()))


def listed(shop: Shop, endpoint: UUID, query: str = "") -> list[dict[str, Any]]:
    answer = shop.api.get(f"{PATH}/{endpoint}/deliveries{query}", headers=JSON)
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


class TestList:
    def test_each_has_its_attempts(self, shop: Shop, endpoint: UUID) -> None:
        queue(shop, endpoint, "one")
        (item,) = listed(shop, endpoint)
        assert list(item) == [
            "uuid", "event_id", "event_type", "status", "created", "next_attempt_at", "error",
            "attempts", "number",
        ]  # fmt: skip
        assert item["event_id"] == "evt_" + identifier(f"event of one {shop.uuid}").hex
        assert (item["event_type"], item["status"]) == ("license.assigned", "pending")
        (attempt,) = item["attempts"]
        assert attempt == {
            "number": 1, "at": attempt["at"], "outcome": "retrying", "status": 503,
            "answer": "down", "seconds": 0.25,
        }  # fmt: skip

    def test_by_status_and_page_by_page(self, shop: Shop, endpoint: UUID) -> None:
        queue(shop, endpoint, "one", "two", "three")
        finish(shop, "two", DeliveryStatus.FAILED)
        assert [each["uuid"] for each in listed(shop, endpoint, "?status=failed")] == [
            str(delivery_uuid(shop.uuid, "two"))
        ]
        pages = [shop.api.json(f"{PATH}/{endpoint}/deliveries?page_size=2")]
        while pages[-1]["next"]:
            pages.append(shop.api.json(pages[-1]["next"]))
        assert [len(page["results"]) for page in pages] == [2, 1]
        uuids = [each["uuid"] for page in pages for each in page["results"]]
        assert uuids == [str(delivery_uuid(shop.uuid, name)) for name in ("three", "two", "one")]

    @pytest.mark.parametrize("query", ["?status=gone", "?before=x", "?before=-1"])
    def test_a_bad_parameter_is_refused(self, shop: Shop, endpoint: UUID, query: str) -> None:
        answer = shop.api.get(f"{PATH}/{endpoint}/deliveries{query}", headers=JSON)
        assert (answer.status_code, len(answer.json())) == (400, 1)


def retry(shop: Shop, endpoint: object, name: str) -> httpx.Response:
    path = f"{PATH}/{endpoint}/deliveries/{delivery_uuid(shop.uuid, name)}/retry"
    return shop.api.post(path, headers=JSON)


class TestRetry:
    def test_what_was_given_up_is_due_again(self, shop: Shop, endpoint: UUID) -> None:
        queue(shop, endpoint, "one")
        finish(shop, "one", DeliveryStatus.FAILED)
        answer = retry(shop, endpoint, "one")
        assert (answer.status_code, answer.json()["status"]) == (202, "pending")
        assert answer.json() == listed(shop, endpoint)[0]

    @pytest.mark.parametrize("status", [DeliveryStatus.DELIVERED, DeliveryStatus.DROPPED])
    def test_what_is_done_is_refused(
        self, shop: Shop, endpoint: UUID, status: DeliveryStatus
    ) -> None:
        queue(shop, endpoint, "one")
        finish(shop, "one", status)
        assert retry(shop, endpoint, "one").status_code == 422

    def test_one_of_another_endpoint_is_unknown(self, shop: Shop, endpoint: UUID) -> None:
        queue(shop, endpoint, "one")
        path = f"{PATH}?enterprise_customer_uuid={shop.uuid}"
        other = shop.api.post(path, json={"url": URL}).json()["uuid"]
        assert retry(shop, other, "one").status_code == 404
        assert retry(shop, endpoint, "none").status_code == 404

    def test_a_disabled_endpoint_is_refused(self, shop: Shop, endpoint: UUID) -> None:
        queue(shop, endpoint, "one")
        finish(shop, "one", DeliveryStatus.FAILED)
        shop.api.request("PATCH", f"{PATH}/{endpoint}", json={"enabled": False})
        assert retry(shop, endpoint, "one").status_code == 422


def replay(shop: Shop, endpoint: UUID, **body: Any) -> httpx.Response:
    return shop.api.post(f"{PATH}/{endpoint}/replay", json=body)


class TestReplay:
    def test_one_at_a_time(self, shop: Shop, endpoint: UUID) -> None:
        answer = replay(shop, endpoint, since="2026-01-01T00:00:00+02:00", event_types=["ping"])
        assert answer.status_code == 202
        assert list(answer.json()) == ["after", "until"]
        again = replay(shop, endpoint, after=answer.json()["after"])
        assert (again.status_code, "under way" in again.text) == (422, True)

    def test_a_repetition_asks_once(self, shop: Shop, endpoint: UUID) -> None:
        key = {"Idempotency-Key": str(uuid4())}
        path, body = f"{PATH}/{endpoint}/replay", {"since": "2026-01-01"}
        first, again = (shop.api.post(path, json=body, headers=key) for _ in range(2))
        assert first.status_code == again.status_code == 202
        assert first.json() == again.json()

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "non_field_errors"),
            ({"since": "2026-01-01", "after": cursor_of(0)}, "non_field_errors"),
            ({"since": "2990-01-01"}, "since"),
            ({"since": "yesterday"}, "since"),
            ({"since": 5}, "since"),
            ({"after": "5"}, "after"),
            ({"after": 5}, "after"),
            ({"after": cursor_of(2**40)}, "after"),
            ({"since": "2026-01-01", "event_types": ["none"]}, "event_types"),
            ({"since": "2026-01-01", "event_types": []}, "event_types"),
        ],
    )
    def test_a_bad_one_is_refused(
        self, shop: Shop, endpoint: UUID, body: dict[str, Any], field: str
    ) -> None:
        answer = replay(shop, endpoint, **body)
        assert (answer.status_code, list(answer.json())) == (400, [field])
        with shop.service.database.transaction() as session:
            assert session.get_one(WebhookEndpoint, endpoint).replay_position is None

    def test_a_disabled_endpoint_is_refused(self, shop: Shop, endpoint: UUID) -> None:
        shop.api.request("PATCH", f"{PATH}/{endpoint}", json={"enabled": False})
        assert replay(shop, endpoint, since="2026-01-01").status_code == 422


@pytest.mark.parametrize("route", ["GET deliveries", "POST deliveries/{}/retry", "POST replay"])
def test_who_may_not(service: Service, shop: Shop, endpoint: UUID, route: str) -> None:
    queue(shop, endpoint, "one")
    method, _, part = route.partition(" ")
    path = f"{PATH}/{endpoint}/{part.format(delivery_uuid(shop.uuid, 'one'))}"
    unknown = f"{PATH}/{UNKNOWN}/{part.format(UNKNOWN)}"
    body = {"since": "2026-01-01"} if part == "replay" else None
    assert service.anonymous.request(method, path, json=body).status_code == 401
    answers = [
        service.acting_as(ADMIN).request(method, each, json=body) for each in (path, unknown)
    ]
    assert answers[0].status_code == 404
    assert visible(answers[0]) == visible(answers[1])
    name = f"{shop.org}-reporting"
    shop.declare(clients=[client(name, "reporting")])
    assert service.acting_as(name).request(method, path, json=body).status_code == 403
