"""`GET /enterprise/v1/me`: who the caller is, its enterprises and their lists, and the limits."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from bursar.clock import parse_instant
from testing.clients.api import Api
from testing.shops.service import Service
from testing.worlds.contract import ACME, BOTH, GLOBEX, REPORTING, client
from tests.contract.conftest import MAX_BODY_BYTES, PUBLIC_URL

PATH = "/enterprise/v1/me"


def test_a_client_is_told_of_its_enterprises(service: Service) -> None:
    me = service.acting_as(BOTH).json(PATH)
    assert list(me) == [
        "client_id", "default_format", "token_expires_at", "enterprises", "limits",
    ]  # fmt: skip
    assert (me["client_id"], me["default_format"]) == (BOTH, "xml")
    roles = {each["uuid"]: each["role"] for each in me["enterprises"]}
    assert roles == {str(ACME): "admin", str(GLOBEX): "reporting"}
    assert [list(each) for each in me["enterprises"]] == [
        ["uuid", "name", "slug", "role", "links"]
    ] * 2


def test_a_client_is_told_of_its_own_enterprises_only(service: Service) -> None:
    me = service.acting_as(REPORTING).json(PATH)
    assert [(each["uuid"], each["role"]) for each in me["enterprises"]] == [
        (str(ACME), "reporting")
    ]


def test_the_token_says_when_it_expires(api: Api) -> None:
    expires = parse_instant(api.json(PATH)["token_expires_at"])
    now = datetime.now(UTC)
    assert (
        now < expires <= now + timedelta(seconds=api.json(PATH)["limits"]["token_lifetime_seconds"])
    )


def test_every_link_is_a_list_of_the_enterprise(service: Service) -> None:
    caller = service.acting_as(BOTH)
    for enterprise in caller.json(PATH)["enterprises"]:
        for link in enterprise["links"].values():
            parts = urlsplit(link)
            found = caller.json(f"{parts.path}?{parts.query}")
            assert enterprise["uuid"] in link
            owners = {
                row.get("enterprise_customer")
                or row.get("enterprise_customer_uuid")
                or row.get("enterprise_uuid")
                for row in found["results"]
            }
            assert owners <= {enterprise["uuid"]}


def test_limits_are_those_that_the_endpoints_declare(api: Api) -> None:
    limits = api.json(PATH)["limits"]
    assert {
        (each["path"], each["parameter"]): (each["default"], each["maximum"])
        for each in limits["page_sizes"]
    }.items() >= {
        ("/enterprise/v2/enterprise-catalogs", "page_size"): (10, 100),
        ("/enterprise/v2/enterprise-catalogs/{catalog_id}", "limit"): (20, 1000),
        ("/enterprise/v1/subsidy-access-policies", "page_size"): (10, 100),
    }.items()
    lists = {(each["path"], each["field"]): each["maximum"] for each in limits["list_sizes"]}
    assert (
        lists["/enterprise/v1/policy-allocation/{policy_uuid}/allocate", "learner_emails"] == 10_000
    )
    assert limits["rate_limit"] is None
    assert limits["body_bytes"] == MAX_BODY_BYTES
    assert (limits["idempotency_key_hours"], limits["idempotency_key_characters"]) == (24, 255)


def test_the_default_format_is_the_client_s_own(service: Service) -> None:
    shop = service.open_shop()
    assert shop.api.json(PATH)["default_format"] == "xml"
    shop.declare(clients=[client(f"{shop.org}-client", "admin") | {"default_format": "json"}])
    told = shop.api.get(PATH, headers={"Accept": "*/*"})
    assert told.headers["content-type"] == "application/json"
    assert told.json()["default_format"] == "json"


def test_other_settings_are_told_too(tuned: Service) -> None:
    limits = tuned.acting_as(BOTH).json(PATH)["limits"]
    assert limits["rate_limit"] == "5/minute"
    assert (limits["token_lifetime_seconds"], limits["token_failures_per_minute"]) == (120, 3)


def test_links_begin_as_the_public_url(tuned: Service) -> None:
    me = tuned.acting_as(REPORTING).json(PATH)
    links = me["enterprises"][0]["links"]
    assert all(link.startswith(f"{PUBLIC_URL}/enterprise/") for link in links.values())


def test_without_a_token_nobody_is_told_anything(anonymous: Api) -> None:
    refused = anonymous.get(PATH, headers={"Accept": "application/json"})
    assert (refused.status_code, list(refused.json())) == (401, ["detail"])
