"""Who may use SCIM, and what is answered to those who may not."""

import httpx
import pytest

from bursar import clock
from bursar.identity.service import disable_client, rotate_secret, set_suspended
from testing.shops.service import Service
from tests.scim.provider import ACTOR, CORE, Provider

ANA = "ana@example.org"
SECRET = "a secret that is long enough"


def refused(provider: Provider, authorization: str | None) -> httpx.Response:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = httpx.get(f"{provider.url}/Users", headers=headers, timeout=60)
    assert answer.status_code == 401, answer.text
    assert answer.headers["content-type"].startswith("application/scim+json")
    assert answer.json()["status"] == "401"
    assert answer.headers["www-authenticate"] == 'Bearer realm="SCIM"'
    return answer


def test_nobody_without_a_good_token(provider: Provider, service: Service) -> None:
    admin = service.token(f"{provider.shop.org}-client")
    for authorization in (
        None,
        "",
        "Bearer",
        "Bearer nonsense",
        f"Bearer {provider.token}x",
        f"Bearer {provider.token[:-1]}",
        f"Basic {provider.token}",
        f"JWT {admin}",
    ):
        refused(provider, authorization)


def test_a_token_reaches_nothing_else(provider: Provider, service: Service) -> None:
    shop = provider.shop
    path = f"/enterprise/v1/groups?enterprise_customer_uuid={shop.uuid}"
    for authorization in (f"Bearer {provider.token}", f"JWT {provider.token}"):
        assert service.anonymous.acting_as(authorization).get(path).status_code == 401
    # Nor does the access token of such a client.
    as_client = service.acting_as(provider.client_id)
    assert as_client.get(path).status_code == 404
    assert as_client.json("/enterprise/v2/enterprise-catalogs")["count"] == 0
    policies = f"/enterprise/v1/subsidy-access-policies?enterprise_customer_uuid={shop.uuid}"
    assert as_client.json(policies)["count"] == 0


def test_an_access_token_of_such_a_client_is_taken(provider: Provider, service: Service) -> None:
    headers = {"Authorization": f"Bearer {service.token(provider.client_id)}"}
    answer = httpx.get(f"{provider.url}/Users", headers=headers, timeout=60)
    assert (answer.status_code, answer.json()["totalResults"]) == (200, 0)


def test_a_token_is_rotated_without_a_gap(provider: Provider, service: Service) -> None:
    tokens = [provider.token]
    for _ in range(2):
        with service.database.transaction() as session:
            tokens.append(rotate_secret(session, ACTOR, provider.client_id))
    refused(provider, f"Bearer {tokens[0]}")
    for token in tokens[1:]:
        assert Provider(provider.shop, provider.client_id, token).json("GET", "/Users")


@pytest.mark.parametrize("is_client", [True, False])
def test_what_is_switched_off_ends_at_once(
    provider: Provider, service: Service, is_client: bool
) -> None:
    with service.database.transaction() as session:
        if is_client:
            disable_client(session, ACTOR, provider.client_id)
        else:
            set_suspended(session, ACTOR, provider.shop.uuid, clock.now(), suspended=True)
    refused(provider, f"Bearer {provider.token}")


def test_what_is_not_there(provider: Provider) -> None:
    for path, method, status in (
        ("/Nobody", "GET", 404),
        ("/Users/1/2", "GET", 404),
        ("/Users/none", "GET", 404),
        ("/Users/99999999999999999999999", "GET", 404),
        ("/Groups/none", "GET", 404),
        ("/Groups/none", "DELETE", 404),
        ("/Bulk", "POST", 501),
        ("/Users", "DELETE", 405),
        ("/Users", "TRACE", 405),
    ):
        answer = provider.request(method, path, {} if method == "POST" else None)
        assert answer.status_code == status, (path, answer.text)
        assert "scim" in answer.headers["content-type"]


@pytest.mark.parametrize(
    "query",
    [
        "filter=userName",
        "filter=userName eq",
        "filter=nobody eq 1",
        'filter=userName eq "a\\u0000"',
        "filter=(((",
        "count=x",
        "startIndex=x",
        "sortBy=nobody",
    ],
)
def test_bad_questions_are_refused(provider: Provider, query: str) -> None:
    answer = provider.request("GET", f"/Users?{query}")
    assert answer.status_code in {200, 400}, answer.text
    if answer.status_code == 400:
        assert answer.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]


def test_bad_bodies_are_refused(provider: Provider) -> None:
    headers = {"Authorization": f"Bearer {provider.token}"}
    for content, kind, status in (
        (b"{", "application/scim+json", 400),
        (b"\xff", "application/json", 400),
        (b"<user/>", "application/xml", 415),
        (b"[" * 100_000, "application/json", 400),
        (b'{"a": "' + b"x" * 11 * 1024 * 1024 + b'"}', "application/json", 413),
    ):
        answer = httpx.post(
            f"{provider.url}/Users",
            content=content,
            headers={**headers, "Content-Type": kind},
            timeout=60,
        )
        assert answer.status_code == status, answer.text[:500]


def test_groups_are_those_of_the_api(provider: Provider) -> None:
    user = provider.create(ANA)
    body = {"schemas": [f"{CORE}:Group"], "displayName": "Data", "members": [{"value": user["id"]}]}
    group = provider.json("POST", "/Groups", body, 201)
    path = f"/enterprise/v1/groups/{group['id']}"
    assert provider.shop.api.json(path)["name"] == "Data"
    api = provider.shop.api
    assert api.post(f"{path}/members", json={"add": ["x@example.org"]}).status_code == 200
    shown = provider.json("GET", f"/Groups/{group['id']}")
    assert shown["members"] == [
        {"value": user["id"], "$ref": f"{provider.url}/Users/{user['id']}", "type": "User"}
    ]
    provider.json("PUT", f"/Groups/{group['id']}", {**body, "members": []})
    assert [each["email"] for each in api.json(f"{path}/members")["results"]] == ["x@example.org"]
    for value in ("0", "none", "٣"):
        entry = {"op": "add", "path": "members", "value": [{"value": value}]}
        refusal = provider.patch(f"/Groups/{group['id']}", entry, status=400)
        assert refusal["scimType"] == "invalidValue"
