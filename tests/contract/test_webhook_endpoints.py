"""`webhook-endpoints`: made, listed, changed, tried out, given new secrets and deleted."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select

from bursar import clock
from bursar.events.models import EventRecord
from bursar.webhooks import writing
from bursar.webhooks.models import WebhookSecret
from testing.clients.api import Api, visible
from testing.clients.samples import UNKNOWN
from testing.shops.service import Service, Shop
from testing.worlds.contract import ADMIN, client

PATH = "/enterprise/v1/webhook-endpoints"
URL = "https://hooks.example.org/bursar"
KEYS = [
    "uuid", "enterprise_customer_uuid", "url", "description", "event_types", "enabled",
    "disabled_at", "disabled_reason", "last_success_at", "failing_since", "created", "modified",
]  # fmt: skip


def of(shop: Shop, uuid: object = None) -> str:
    return f"{PATH}?enterprise_customer_uuid={uuid or shop.uuid}"


def create(shop: Shop, **body: Any) -> httpx.Response:
    return shop.api.post(of(shop), json={"url": URL, **body})


def created(shop: Shop, **body: Any) -> dict[str, Any]:
    answer = create(shop, **body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


@pytest.fixture
def endpoint(shop: Shop) -> str:
    return f"{PATH}/{created(shop)['uuid']}"


def types_told(shop: Shop, endpoint: str) -> list[str]:
    uuid = endpoint.rpartition("/")[2]
    told = select(EventRecord.type).where(EventRecord.object_id == uuid)
    with shop.service.database.read() as connection:
        return list(connection.scalars(told.order_by(EventRecord.version)))


def secrets_of(shop: Shop, endpoint: str) -> list[Any]:
    mine = select(WebhookSecret.sealed, WebhookSecret.expires_at).where(
        WebhookSecret.endpoint_uuid == UUID(endpoint.rpartition("/")[2])
    )
    with shop.service.database.read() as connection:
        return list(connection.execute(mine))


class TestCreate:
    def test_the_secret_is_shown_once(self, shop: Shop) -> None:
        answer = create(shop, description="HR", event_types=["license.*", "ping", "ping"])
        made = answer.json()
        assert list(made) == [*KEYS, "secret"]
        assert made["secret"].startswith("whsec_")
        assert (made["event_types"], made["enabled"]) == (["license.*", "ping"], True)
        assert answer.headers["location"].endswith(f"{PATH}/{made['uuid']}")
        shown = shop.api.json(f"{PATH}/{made['uuid']}")
        assert shown == {name: made[name] for name in KEYS}
        assert shop.api.json(of(shop))["results"] == [shown]

    def test_a_secret_of_ones_own_is_taken(self, shop: Shop) -> None:
        secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        assert created(shop, secret=secret)["secret"] == secret

    def test_a_repetition_makes_nothing_and_shows_no_secret(self, shop: Shop) -> None:
        key = {"Idempotency-Key": str(uuid4())}
        first, again = (shop.api.post(of(shop), json={"url": URL}, headers=key) for _ in range(2))
        assert first.json() | {"secret": None} == again.json()
        assert first.json()["secret"] is not None
        assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
        assert shop.api.json(of(shop))["count"] == 1

    @pytest.mark.parametrize(
        ("field", "value", "why"),
        [
            ("url", None, "null"),
            ("url", "", "blank"),
            ("url", "http://hooks.example.org", "https"),
            ("url", "https://me:pw@hooks.example.org/", "user name and password"),
            ("url", "https://169.254.169.254/latest", "not public"),
            ("url", "https://[::ffff:10.0.0.1]/", "not public"),
            ("url", 7, "string"),
            ("event_types", [], "empty"),
            ("event_types", ["license.asigned"], "Did you mean license.assigned?"),
            ("event_types", ["*"], "is no type of event"),
            ("event_types", ["assignment.scrubbed"], "is no type of event"),
            ("description", "x" * 256, "255"),
            ("secret", "whsec_c2hvcnQ=", "24 to 64"),
            ("secret", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_"),
            ("secret", "whsec_not base64!", "base64"),
            ("secret", "", "whsec_"),
        ],
    )
    def test_a_bad_field_is_refused(self, shop: Shop, field: str, value: Any, why: str) -> None:
        answer = create(shop, **{field: value})
        assert (answer.status_code, list(answer.json())) == (400, [field])
        assert why in str(answer.json())
        assert shop.api.json(of(shop))["count"] == 0

    def test_all_that_is_wrong_is_said_at_once(self, shop: Shop) -> None:
        answer = create(shop, url="ftp://x", event_types=["no"], secret="no")
        assert set(answer.json()) == {"url", "event_types", "secret"}

    def test_there_is_a_limit(self, shop: Shop) -> None:
        first, now = created(shop), clock.now()
        rows = [
            writing.new_row(uuid4(), shop.uuid, {"url": URL}, now)
            for _ in range(writing.MOST_ENDPOINTS - 1)
        ]
        with shop.service.database.transaction() as session:
            session.add_all(rows)
        answer = create(shop)
        assert answer.status_code == 422
        assert "at most 1000 webhook endpoints" in answer.json()["detail"]
        assert shop.api.json(of(shop))["count"] == writing.MOST_ENDPOINTS
        pages = list(shop.api.pages(f"{of(shop)}&page_size=100"))
        assert len({each["uuid"] for page in pages for each in page["results"]}) == 1000
        shop.api.request("DELETE", f"{PATH}/{first['uuid']}")
        assert create(shop).status_code == 201


class TestChange:
    def test_what_is_left_out_stays(self, shop: Shop, endpoint: str) -> None:
        before = shop.api.json(endpoint)
        body = {"description": "new", "event_types": ["ping"]}
        changed = shop.api.request("PATCH", endpoint, json=body).json()
        assert changed == {**before, **body, "modified": changed["modified"]}
        again = shop.api.request("PATCH", endpoint, json={"event_types": None}).json()
        assert (again["event_types"], again["description"]) == (None, "new")
        assert shop.api.request("PATCH", endpoint, json={}).json() == again
        assert types_told(shop, endpoint) == ["endpoint.created", *["endpoint.changed"] * 2]

    def test_it_is_switched_off_and_on(self, shop: Shop, endpoint: str) -> None:
        off = shop.api.request("PATCH", endpoint, json={"enabled": False}).json()
        assert (off["enabled"], off["disabled_reason"]) == (False, "It was switched off.")
        assert off["disabled_at"] is not None
        assert shop.api.post(f"{endpoint}/ping").status_code == 422
        on = shop.api.request("PATCH", endpoint, json={"enabled": True}).json()
        assert (on["enabled"], on["disabled_at"], on["disabled_reason"]) == (True, None, None)

    @pytest.mark.parametrize(
        ("field", "value"),
        [("url", None), ("url", "https://10.0.0.1"), ("enabled", None), ("event_types", ["x"])],
    )
    def test_a_bad_field_is_refused(
        self, shop: Shop, endpoint: str, field: str, value: Any
    ) -> None:
        before = shop.api.json(endpoint)
        answer = shop.api.request("PATCH", endpoint, json={field: value, "description": "no"})
        assert (answer.status_code, list(answer.json())) == (400, [field])
        assert shop.api.json(endpoint) == before


class TestSecrets:
    def test_two_are_live_after_a_rotation_and_never_three(self, shop: Shop, endpoint: str) -> None:
        first = shop.api.post(f"{endpoint}/rotate-secret", json={})
        assert list(first.json()) == ["secret", "previous_secret_expires_at"]
        second = shop.api.post(f"{endpoint}/rotate-secret", json={}).json()
        assert second["secret"] != first.json()["secret"]
        stored = secrets_of(shop, endpoint)
        assert sorted(expires is None for _, expires in stored) == [False, True]

    def test_a_secret_of_wrong_form_is_refused(self, shop: Shop, endpoint: str) -> None:
        answer = shop.api.post(f"{endpoint}/rotate-secret", json={"secret": "short"})
        assert (answer.status_code, list(answer.json())) == (400, ["secret"])
        assert len(secrets_of(shop, endpoint)) == 1

    def test_a_repetition_rotates_once(self, shop: Shop, endpoint: str) -> None:
        key = {"Idempotency-Key": str(uuid4())}
        path = f"{endpoint}/rotate-secret"
        first, again = (shop.api.post(path, json={}, headers=key) for _ in range(2))
        assert again.json() == first.json() | {"secret": None}
        assert types_told(shop, endpoint).count("endpoint.secret_rotated") == 1


def test_a_test_is_an_event_of_the_endpoint(shop: Shop, endpoint: str) -> None:
    answer = shop.api.post(f"{endpoint}/ping", json={})
    assert answer.status_code == 202
    told = select(EventRecord.uuid).where(EventRecord.type == "ping")
    mine = told.where(EventRecord.object_id == endpoint.rpartition("/")[2])
    with shop.service.database.read() as connection:
        assert answer.json() == {"event_id": f"evt_{connection.scalars(mine).one().hex}"}


def test_it_is_deleted_with_its_secrets(shop: Shop, endpoint: str) -> None:
    for _ in range(2):
        answer = shop.api.request("DELETE", endpoint)
        assert (answer.status_code, answer.content) == (204, b"")
    assert shop.api.get(endpoint).status_code == 404
    assert shop.api.request("PATCH", endpoint, json={}).status_code == 404
    assert shop.api.json(of(shop))["results"] == []
    assert secrets_of(shop, endpoint) == []
    assert types_told(shop, endpoint) == ["endpoint.created", "endpoint.deleted"]


class TestWhoMayNot:
    @pytest.mark.parametrize(
        "route", ["GET ", "PATCH ", "DELETE ", "POST /rotate-secret", "POST /ping"]
    )
    def test_an_endpoint(self, service: Service, shop: Shop, endpoint: str, route: str) -> None:
        method, _, part = route.partition(" ")
        path = endpoint + part
        body: dict[str, Any] | None = None if method == "GET" else {}
        anonymous = service.anonymous.request(method, path, json=body)
        assert anonymous.status_code == 401
        other = service.acting_as(ADMIN)
        foreign, unknown = (
            other.request(method, each + part, json=body)
            for each in (endpoint, f"{PATH}/{UNKNOWN}")
        )
        assert foreign.status_code == 404
        assert visible(foreign) == visible(unknown)
        assert reporting_of(shop).request(method, path, json=body).status_code == 403
        assert shop.api.get(endpoint).status_code == 200

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_the_list(self, service: Service, shop: Shop, method: str) -> None:
        body = {"url": URL} if method == "POST" else None
        path = of(shop)
        assert service.anonymous.request(method, path, json=body).status_code == 401
        other = service.acting_as(ADMIN)
        foreign, unknown = (
            other.request(method, each, json=body) for each in (path, of(shop, UNKNOWN))
        )
        assert foreign.status_code == 404
        assert visible(foreign) == visible(unknown)
        assert reporting_of(shop).request(method, path, json=body).status_code == 403
        json = {"Accept": "application/json"}
        missing = shop.api.request(method, PATH, json=body, headers=json)
        assert (missing.status_code, list(missing.json())) == (400, ["enterprise_customer_uuid"])


def reporting_of(shop: Shop) -> Api:
    name = f"{shop.org}-reporting"
    shop.declare(clients=[client(name, "reporting")])
    return shop.service.acting_as(name)
