"""Users: learners who come, get other addresses, leave and come back."""

from typing import Any

import pytest

from testing.clients.api import JsonObject
from testing.shops.service import Service
from tests.scim.provider import CORE, ENTERPRISE, Provider, open_provider

ANA, BEN = "ana@example.org", "ben@example.org"
JSON = {"Accept": "application/json"}


def told(provider: Provider, *types: str) -> list[str]:
    return [each["type"] for each in provider.events(*types)]


def replace(value: Any, path: str | None = None) -> JsonObject:
    where = {} if path is None else {"path": path}
    return {"op": "Replace", "value": value, **where}


def test_a_user_is_a_learner(provider: Provider) -> None:
    made = provider.create(
        "Ana@Example.org",
        externalId="e-1",
        name={"givenName": "Ana", "familyName": "Lima"},
        active=True,
        **{ENTERPRISE: {"department": "Data", "manager": {"value": "7"}}},
    )
    assert made["emails"] == [{"value": "Ana@Example.org", "type": "work", "primary": True}]
    assert (made["userName"], made["active"], made["externalId"]) == (
        "Ana@Example.org",
        True,
        "e-1",
    )
    assert made[ENTERPRISE] == {"department": "Data"}
    assert made["meta"]["location"] == f"{provider.url}/Users/{made['id']}"
    assert provider.json("GET", f"/Users/{made['id']}") == made
    (event,) = provider.events("learner.created")
    assert event["actor"] == {"kind": "client", "id": provider.client_id}
    assert told(provider, "learner.reactivated", "learner.deactivated") == []


@pytest.mark.parametrize(
    "condition",
    [
        'userName eq "ANA@example.org"',
        'emails[type eq "work"].value eq "ana@example.org"',
        'emails.value eq "ana@example.org"',
        'emails eq "ana@example.org" and active eq true',
        'userName sw "ana@" and not (userName ew ".com")',
    ],
)
def test_who_is_known_already_is_found(provider: Provider, condition: str) -> None:
    provider.shop.declare(learners=[{"email": ANA, "lms_user_id": 501}, {"email": BEN}])
    (found,) = provider.find("Users", condition)
    assert (found["userName"], found["active"]) == (ANA, True)
    user = {"schemas": [f"{CORE}:User"], "userName": ANA, "externalId": "e-1"}
    put = provider.json("PUT", f"/Users/{found['id']}", user)
    assert (put["id"], put["externalId"]) == (found["id"], "e-1")
    assert provider.find("Users", 'externalId eq "e-1"') == [put]
    assert provider.json("GET", "/Users")["totalResults"] == 2


def test_nobody_is_doubled(provider: Provider) -> None:
    provider.shop.declare(learners=[{"email": ANA, "lms_user_id": 501}])
    made = provider.create("ana.lima", emails=[{"value": ANA.upper(), "primary": True}])
    assert provider.find("Users", f'id eq "{made["id"]}"') == [made]
    assert provider.json("GET", "/Users")["totalResults"] == 1
    assert told(provider, "learner.created") == ["learner.created"]
    for body in (
        {"userName": "ANA.LIMA", "emails": [{"value": "other@example.org"}]},
        {"userName": "another", "emails": [{"value": ANA}]},
    ):
        refused = provider.json("POST", "/Users", {"schemas": [f"{CORE}:User"], **body}, 409)
        assert refused["scimType"] == "uniqueness"
    assert provider.json("GET", "/Users")["totalResults"] == 1


def test_who_is_known_by_the_user_name_gets_the_address(provider: Provider) -> None:
    provider.shop.declare(learners=[{"email": ANA, "lms_user_id": 501}])
    provider.create(ANA, emails=[{"value": "ana@new.example", "type": "work"}])
    assert provider.json("GET", "/Users")["totalResults"] == 1
    assert told(provider, "learner.changed") == ["learner.changed"]
    assert len(provider.find("Users", 'emails.value eq "ana@new.example"')) == 1


def test_another_address_moves_what_the_learner_has(provider: Provider) -> None:
    user = provider.create(ANA)
    path = f"/Users/{user['id']}"
    changed = provider.patch(path, replace("ana@new.example", 'emails[type eq "work"].value'))
    assert changed["emails"][0]["value"] == "ana@new.example"
    assert changed["userName"] == ANA
    provider.create(BEN)
    provider.patch(path, replace(BEN, 'emails[type eq "work"].value'), status=409)
    assert provider.json("GET", path) == changed


def test_the_address_that_was_changed_elsewhere_is_shown(provider: Provider) -> None:
    user = provider.create(ANA, displayName="Ana")
    shop = provider.shop
    path = f"/enterprise/v1/enterprise-customer/{shop.uuid}/learner-data/change-email"
    body = {"email": ANA, "new_email": "ana@new.example"}
    assert shop.api.post(path, json=body).status_code == 200
    shown = provider.json("GET", f"/Users/{user['id']}")
    assert [each["value"] for each in shown["emails"]] == ["ana@new.example"]
    assert shown["meta"]["version"] != user["meta"]["version"]


def test_versions(provider: Provider) -> None:
    user = provider.create(ANA)
    path, version = f"/Users/{user['id']}", user["meta"]["version"]
    answer = provider.request("GET", path, headers={"If-None-Match": version})
    assert (answer.status_code, answer.content) == (304, b"")
    provider.patch(path, replace("Ana", "displayName"))
    body = {"schemas": [f"{CORE}:User"], "userName": ANA}
    for method in ("PUT", "DELETE"):
        answer = provider.request(method, path, body, {"If-Match": version})
        assert answer.status_code == 412
    assert provider.json("GET", path)["displayName"] == "Ana"


def test_pages_and_order(provider: Provider) -> None:
    for name in ("cal", "ana", "ben"):
        provider.create(f"{name}@example.org")
    page = provider.json("GET", "/Users?startIndex=2&count=1")
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (3, 2, 1)
    ordered = provider.json("GET", "/Users?sortBy=userName&sortOrder=descending&count=2")
    names = [each["userName"] for each in ordered["Resources"]]
    assert names == ["cal@example.org", "ben@example.org"]
    only = provider.json("GET", "/Users?attributes=userName&count=1")["Resources"][0]
    assert set(only) == {"schemas", "id", "userName"}


def test_a_deleted_user_is_gone_and_the_learner_stays(provider: Provider) -> None:
    user = provider.create(ANA)
    path = f"/Users/{user['id']}"
    assert provider.request("DELETE", path).status_code == 204
    for method, body in (("GET", None), ("DELETE", None), ("PUT", {"userName": ANA})):
        assert provider.request(method, path, body).status_code == 404
    assert provider.find("Users", f'userName eq "{ANA}"') == []
    assert told(provider, "learner.deactivated") == ["learner.deactivated"]
    again = provider.create(ANA)
    assert (again["id"], again["active"]) == (user["id"], True)
    assert told(provider, "learner.reactivated") == ["learner.reactivated"]
    assert told(provider, "learner.created") == ["learner.created"]


def test_an_erased_person_is_no_user(provider: Provider) -> None:
    user = provider.create(ANA, displayName="Ana Lima")
    shop = provider.shop
    path = f"/enterprise/v1/enterprise-customer/{shop.uuid}/learner-data"
    exported = shop.api.post(f"{path}/export", json={"email": ANA}, headers=JSON).json()
    assert exported["tables"]["scim_users"][0]["attributes"]["displayName"] == "Ana Lima"
    assert shop.api.post(f"{path}/erase", json={"email": ANA}).status_code == 200
    assert provider.request("GET", f"/Users/{user['id']}").status_code == 404
    assert provider.json("GET", "/Users")["totalResults"] == 0


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"userName": "ana"}, "invalidValue"),
        ({"emails": [{"value": ANA}]}, "invalidValue"),
        ({"userName": "ana", "emails": [{"value": "nobody"}]}, "invalidValue"),
        ({"userName": "ana", "emails": ANA}, "invalidValue"),
        ({"userName": ["a"], "emails": [{"value": ANA}]}, "invalidValue"),
        ({"userName": "a\0b", "emails": [{"value": ANA}]}, "invalidValue"),
        ({"userName": ANA, "active": "perhaps"}, "invalidValue"),
        ([], "invalidSyntax"),
        ("x", "invalidSyntax"),
    ],
)
def test_bad_users_are_refused(provider: Provider, body: Any, kind: str) -> None:
    if isinstance(body, dict):
        body = {"schemas": [f"{CORE}:User"], **body}
    answer = provider.request("POST", "/Users", body)
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"].startswith("application/scim+json")
    assert answer.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert provider.json("GET", "/Users")["totalResults"] == 0


def test_another_tenant_is_like_nobody(provider: Provider, service: Service) -> None:
    user, other = provider.create(ANA), open_provider(service)
    path = f"/Users/{user['id']}"
    body = {"schemas": [f"{CORE}:User"], "userName": ANA}
    for method, sent in (("GET", None), ("PUT", body), ("DELETE", None)):
        for each in (path, "/Users/9223372036854775807"):
            assert other.request(method, each, sent).status_code == 404
    assert other.json("GET", "/Users")["totalResults"] == 0
    assert other.find("Users", f'userName eq "{ANA}"') == []
    assert other.create(ANA)["id"] != user["id"]
    assert provider.json("GET", path) == user
