"""Endpoints that the server sends webhooks to. `bursar_client.webhooks` checks what comes."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from bursar_client._async.pages import AsyncPages
from bursar_client._async.part import AsyncPart
from bursar_client.models.webhooks import (
    Delivery,
    Ping,
    Replay,
    RotatedSecret,
    WebhookEndpoint,
)
from bursar_client.values import as_list, as_object, as_text, read
from bursar_client.wire import Identifier, delete, get, patch, path, post, text_of

ENDPOINTS = "/enterprise/v1/webhook-endpoints"
ENDPOINT = ENDPOINTS + "/{}"


class AsyncWebhookEndpoints(AsyncPart):
    async def create(
        self,
        url: str,
        *,
        description: str = "",
        event_types: Sequence[str] | None = None,
        enterprise: Identifier | None = None,
    ) -> WebhookEndpoint:
        """The secret is in this answer and in no later one."""
        body = {"url": url, "description": description, "event_types": event_types}
        chosen = self._enterprise(enterprise)
        return await self._one(
            post(ENDPOINTS, body, enterprise_customer_uuid=chosen), WebhookEndpoint
        )

    def find(self, *, enterprise: Identifier | None = None) -> AsyncPages[WebhookEndpoint]:
        request = get(ENDPOINTS, enterprise_customer_uuid=self._enterprise(enterprise))
        return self._pages(request, WebhookEndpoint)

    async def get(self, endpoint: Identifier) -> WebhookEndpoint:
        return await self._one(get(path(ENDPOINT, endpoint)), WebhookEndpoint)

    async def change(self, endpoint: Identifier, **fields: object) -> WebhookEndpoint:
        """`url`, `description`, `event_types` or `enabled`."""
        return await self._one(patch(path(ENDPOINT, endpoint), fields), WebhookEndpoint)

    async def delete(self, endpoint: Identifier) -> None:
        await self._done(delete(path(ENDPOINT, endpoint)))

    async def rotate_secret(self, endpoint: Identifier) -> RotatedSecret:
        """For a day both secrets sign."""
        return await self._one(post(path(ENDPOINT + "/rotate-secret", endpoint), {}), RotatedSecret)

    async def ping(self, endpoint: Identifier) -> Ping:
        return await self._one(post(path(ENDPOINT + "/ping", endpoint)), Ping)

    async def deliveries(
        self, endpoint: Identifier, *, status: str | None = None
    ) -> AsyncIterator[Delivery]:
        """The newest first."""
        request = get(path(ENDPOINT + "/deliveries", endpoint), status=status)
        while True:
            body = as_object((await self._wire.send(request)).json())
            for item in as_list(body.get("results")):
                yield read(Delivery, item)
            following = as_text(body.get("next"))
            if following is None:
                return
            request = request.with_query(following.partition("?")[2])

    async def retry(self, endpoint: Identifier, delivery: Identifier) -> Delivery:
        where = path(ENDPOINT + "/deliveries/{}/retry", endpoint, delivery)
        return await self._one(post(where), Delivery)

    async def replay(
        self,
        endpoint: Identifier,
        *,
        after: str | None = None,
        since: datetime | None = None,
        event_types: Sequence[str] | None = None,
    ) -> Replay:
        """Sends again what happened after a cursor or an instant."""
        body = {
            "after": after,
            "since": None if since is None else text_of(since),
            "event_types": event_types,
        }
        given = {name: value for name, value in body.items() if value is not None}
        return await self._one(post(path(ENDPOINT + "/replay", endpoint), given), Replay)
