"""An identity provider, as it talks to `/scim/v2`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from bursar.actors import Actor
from bursar.identity.service import CreateClient, create_client
from testing.clients.api import JsonObject
from testing.shops.service import Service, Shop

ACTOR = Actor("operator:test")
CORE = "urn:ietf:params:scim:schemas:core:2.0"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@dataclass(frozen=True)
class Provider:
    shop: Shop
    client_id: str
    token: str

    @property
    def url(self) -> str:
        return f"{self.shop.service.url}/scim/v2"

    def request(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        told = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/scim+json"}
        return httpx.request(
            method, f"{self.url}{path}", json=body, headers={**told, **(headers or {})}, timeout=120
        )

    def json(self, method: str, path: str, body: Any = None, status: int = 200) -> JsonObject:
        answer = self.request(method, path, body)
        assert answer.status_code == status, answer.text
        found: JsonObject = answer.json()
        return found

    def find(self, kind: str, condition: str) -> list[JsonObject]:
        answer = self.request("GET", f"/{kind}?{httpx.QueryParams({'filter': condition})}")
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found: list[JsonObject] = page.get("Resources", [])
        assert page["totalResults"] == len(found)
        return found

    def create(self, user_name: str, **fields: Any) -> JsonObject:
        user = {"schemas": [f"{CORE}:User"], "userName": user_name, **fields}
        return self.json("POST", "/Users", user, 201)

    def patch(self, path: str, *operations: JsonObject, status: int = 200) -> JsonObject:
        """What is there afterwards; the refusal, if one is expected."""
        body = {"schemas": [PATCH], "Operations": list(operations)}
        answer = self.request("PATCH", path, body)
        if status != 200:
            assert answer.status_code == status, answer.text
            refused: JsonObject = answer.json()
            return refused
        assert answer.status_code in {200, 204}, answer.text
        return self.json("GET", path)

    def events(self, *types: str) -> list[JsonObject]:
        """The newest last."""
        return self.shop.events(*types)


def open_provider(service: Service, shop: Shop | None = None) -> Provider:
    shop = shop or service.open_shop()
    client_id = f"{shop.org}-idp"
    with service.database.transaction() as session:
        command = CreateClient(
            client_id=client_id, enterprise_uuid=shop.uuid, role="scim", has_token=True
        )
        token = create_client(session, ACTOR, command)
    return Provider(shop, client_id, token)
