"""What Okta and Microsoft Entra send, request by request, as their documentation and the logs of
others show it."""

import pytest

from testing.clients.api import JsonObject
from tests.scim.provider import CORE, ENTERPRISE, PATCH, Provider

ANA = "ana.lima@acme.example"


def members(provider: Provider, group: str) -> list[str]:
    """As the API of groups lists them."""
    path = f"/enterprise/v1/groups/{group}/members?page_size=10000"
    return [each["email"] for each in provider.shop.api.json(path)["results"]]


def ids(group: JsonObject) -> set[str]:
    return {each["value"] for each in group.get("members", [])}


class TestOkta:
    def user(self, **fields: object) -> JsonObject:
        return {
            "schemas": [f"{CORE}:User"],
            "userName": ANA,
            "name": {"givenName": "Ana", "familyName": "Lima"},
            "emails": [{"primary": True, "value": ANA, "type": "work"}],
            "displayName": "Ana Lima",
            "locale": "en-US",
            "externalId": "00ujl29u0le5T6Aj10h7",
            "groups": [],
            "password": "1mz050nq",
            "phoneNumbers": [{"primary": True, "value": "123-444-5555", "type": "work"}],
            "active": True,
            **fields,
        }

    def test_a_user_comes_changes_leaves_and_returns(self, provider: Provider) -> None:
        assert provider.json("GET", "/Users?startIndex=1&count=2")["totalResults"] == 0
        assert provider.find("Users", f'userName eq "{ANA}"') == []
        made = provider.json("POST", "/Users", self.user(), 201)
        assert "password" not in made
        path = f"/Users/{made['id']}"
        assert provider.json("GET", path) == made
        name = {"givenName": "Ana", "familyName": "Souza"}
        changed = provider.json("PUT", path, {**self.user(name=name), "id": made["id"]})
        assert (changed["name"], changed["id"]) == (name, made["id"])
        left = provider.patch(path, {"op": "replace", "value": {"active": False}})
        assert (left["active"], left["name"]) == (False, name)
        # It asks again before it lets somebody return.
        (found,) = provider.find("Users", f'userName eq "{ANA}"')
        assert found["active"] is False
        assert provider.json("PUT", path, self.user(active=True))["active"] is True
        kinds = [each["type"] for each in provider.events("learner.*")]
        assert kinds == ["learner.created", "learner.deactivated", "learner.reactivated"]

    def test_a_group_is_pushed(self, provider: Provider) -> None:
        first, second = (provider.create(f"{name}@acme.example") for name in ("ben", "cal"))
        body = {"schemas": [f"{CORE}:Group"], "displayName": "Sales", "members": []}
        group = provider.json("POST", "/Groups", body, 201)
        path = f"/Groups/{group['id']}"
        entry = {"value": first["id"], "display": "ben@acme.example"}
        provider.patch(path, {"op": "add", "path": "members", "value": [entry]})
        rename = {"id": group["id"], "displayName": "Sellers"}
        shown = provider.patch(path, {"op": "replace", "value": rename})
        assert (shown["displayName"], ids(shown)) == ("Sellers", {first["id"]})
        others = [{"value": second["id"], "display": "cal@acme.example"}]
        shown = provider.patch(path, {"op": "replace", "path": "members", "value": others})
        assert ids(shown) == {second["id"]}
        gone = {"op": "remove", "path": f'members[value eq "{second["id"]}"]'}
        assert ids(provider.patch(path, gone)) == set()
        assert provider.request("DELETE", path).status_code == 204


class TestEntra:
    def test_a_user_comes_changes_leaves_and_returns(self, provider: Provider) -> None:
        answer = provider.request("GET", '/Users?filter=userName+eq+"nobody-7a0e"')
        assert (answer.status_code, answer.json()["totalResults"]) == (200, 0)
        body = {
            "schemas": [f"{CORE}:User", ENTERPRISE],
            "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
            "userName": ANA,
            "active": True,
            "emails": [{"primary": True, "type": "work", "value": ANA}],
            "meta": {"resourceType": "User"},
            "name": {"formatted": "Ana Lima", "familyName": "Lima", "givenName": "Ana"},
            "roles": [],
        }
        made = provider.json("POST", "/Users", body, 201)
        path = f"/Users/{made['id']}"
        shown = provider.patch(
            path,
            {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "ana@new.example"},
            {"op": "Replace", "path": "name.familyName", "value": "Souza"},
            {"op": "Add", "path": f"{ENTERPRISE}:department", "value": "Data"},
            {"op": "Add", "path": 'phoneNumbers[type eq "work"].value', "value": "123"},
        )
        assert shown["emails"][0]["value"] == "ana@new.example"
        assert (shown["name"]["familyName"], shown[ENTERPRISE]) == ("Souza", {"department": "Data"})
        left = provider.patch(path, {"op": "Replace", "path": "active", "value": "False"})
        assert left["active"] is False
        back = provider.patch(path, {"op": "Replace", "value": {"active": "True"}})
        assert back["active"] is True
        assert provider.request("DELETE", path).status_code == 204
        assert provider.find("Users", f'externalId eq "{body["externalId"]}"') == []

    def test_a_group_in_parts(self, provider: Provider) -> None:
        users = [provider.create(f"{name}@acme.example") for name in ("ben", "cal", "dan")]
        body = {
            "schemas": [f"{CORE}:Group", "http://schemas.microsoft.com/2006/11/ResourceManagement"],
            "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159",
            "displayName": "Data team",
            "meta": {"resourceType": "Group"},
        }
        group = provider.json("POST", "/Groups", body, 201)
        path = f"/Groups/{group['id']}"
        query = "/Groups?excludedAttributes=members&filter=displayName+eq+%22data+team%22"
        assert [each["id"] for each in provider.json("GET", query)["Resources"]] == [group["id"]]
        for user in users:
            entry = [{"$ref": None, "value": user["id"]}]
            provider.patch(path, {"op": "Add", "path": "members", "value": entry})
        asked = f'id eq "{group["id"]}" and members eq "{users[0]["id"]}"'
        assert len(provider.find("Groups", asked)) == 1
        gone = [{"$ref": None, "value": users[0]["id"]}]
        shown = provider.patch(path, {"op": "Remove", "path": "members", "value": gone})
        assert ids(shown) == {users[1]["id"], users[2]["id"]}
        assert members(provider, group["id"]) == ["cal@acme.example", "dan@acme.example"]
        asked = f'id eq "{group["id"]}" and members eq "{users[0]["id"]}"'
        assert provider.find("Groups", asked) == []


@pytest.mark.timeout(600)
def test_five_thousand_members_are_pushed(provider: Provider) -> None:
    shop = provider.shop
    emails = [f"learner-{number:04}@acme.example" for number in range(5_000)]
    shop.declare(learners=[{"email": email} for email in emails])
    everybody = []
    for start in range(1, 5_000, 200):
        page = provider.json("GET", f"/Users?attributes=id&startIndex={start}&count=200")
        everybody += [each["id"] for each in page["Resources"]]
    assert len(set(everybody)) == 5_000
    group = provider.json(
        "POST", "/Groups", {"schemas": [f"{CORE}:Group"], "displayName": "All"}, 201
    )
    path = f"/Groups/{group['id']}"
    whole = {
        "schemas": [f"{CORE}:Group"],
        "displayName": "All",
        "members": [{"value": each} for each in everybody],
    }
    assert len(ids(provider.json("PUT", path, whole))) == 5_000
    assert members(provider, group["id"]) == emails
    # Entra sends a thousand members at a time.
    for first in range(0, 5_000, 1_000):
        value = [{"value": each} for each in everybody[first : first + 1_000]]
        operation = {"op": "Remove", "path": "members", "value": value}
        body = {"schemas": [PATCH], "Operations": [operation]}
        assert provider.request("PATCH", path, body).status_code in {200, 204}
    assert members(provider, group["id"]) == []
    changes = [each["data"] for each in provider.events("group.changed")]
    assert [each["removed"] for each in changes[-5:]] == [1_000] * 5
