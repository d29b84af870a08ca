"""The client: what it may do, by the nouns of the API."""

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

import httpx

from bursar_client._async.assignments import AsyncAssignments
from bursar_client._async.catalogs import AsyncCatalogs
from bursar_client._async.concurrency import AsyncPace
from bursar_client._async.enrollments import AsyncEnrollments
from bursar_client._async.events import AsyncEvents
from bursar_client._async.jobs import AsyncJobs
from bursar_client._async.learner_data import AsyncLearnerData
from bursar_client._async.learner_summary import AsyncLearnerSummaries
from bursar_client._async.licenses import AsyncLicenses
from bursar_client._async.pages import AsyncPages
from bursar_client._async.policies import AsyncPolicies
from bursar_client._async.sandbox import AsyncSandbox
from bursar_client._async.subscriptions import AsyncSubscriptions
from bursar_client._async.webhook_endpoints import AsyncWebhookEndpoints
from bursar_client._async.wire import AsyncWire
from bursar_client.catalog_copy import Change
from bursar_client.cursors import Cursors
from bursar_client.models.callers import Me
from bursar_client.retries import Retries
from bursar_client.tokens import Credentials
from bursar_client.values import Record, read
from bursar_client.version import USER_AGENT
from bursar_client.wire import Answer, Identifier, Parameter, Request, get


class AsyncBursar:
    """Speaks to one server as one client of it. Close it, or use it as a context manager."""

    def __init__(
        self,
        url: str,
        *,
        client_id: str | None = None,
        client_secret: str | None = None,
        token: str | None = None,
        enterprise: Identifier | None = None,
        retries: Retries | None = None,
        timeout: float = 60.0,
        has_idempotency_keys: bool = True,
        transport: httpx.AsyncBaseTransport | None = None,
        pace: AsyncPace | None = None,
    ) -> None:
        """Give `client_id` and `client_secret`, or a `token` that you renew yourself.

        `enterprise` is the one that methods mean when you name none. A server that does not know
        `Idempotency-Key` might do a POST twice: say so, and none is sent again in doubt.
        """
        self._wire = AsyncWire(
            httpx.AsyncClient(
                base_url=url,
                timeout=timeout,
                transport=transport,
                headers={"User-Agent": USER_AGENT},
            ),
            credentials=_credentials(client_id, client_secret, token),
            token=token,
            retries=retries or Retries(),
            pace=pace or AsyncPace(),
            has_idempotency_keys=has_idempotency_keys,
        )
        self.catalogs = AsyncCatalogs(self._wire, enterprise)
        self.policies = AsyncPolicies(self._wire, enterprise)
        self.assignments = AsyncAssignments(self._wire, enterprise)
        self.subscriptions = AsyncSubscriptions(self._wire, enterprise)
        self.licenses = AsyncLicenses(self._wire, enterprise)
        self.enrollments = AsyncEnrollments(self._wire, enterprise)
        self.learner_summaries = AsyncLearnerSummaries(self._wire, enterprise)
        self.learner_data = AsyncLearnerData(self._wire, enterprise)
        self.jobs = AsyncJobs(self._wire, enterprise)
        self.events = AsyncEvents(self._wire, enterprise)
        self.webhook_endpoints = AsyncWebhookEndpoints(self._wire, enterprise)
        self.sandbox = AsyncSandbox(self._wire, enterprise)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._wire.aclose()

    async def me(self) -> Me:
        """Who the client is, and what it may ask for; beyond the reference."""
        answer = await self._wire.send(get("/enterprise/v1/me"))
        return read(Me, answer.json())

    def sync_catalog(
        self, catalog: Identifier, cursors: Cursors, *, afresh: bool = False
    ) -> AsyncIterator[Change]:
        """The same as `catalogs.sync`."""
        return self.catalogs.sync(catalog, cursors, afresh=afresh)

    async def send(self, request: Request) -> Answer:
        """Any request, such as to an endpoint that has no method here: see `bursar_client.wire`."""
        return await self._wire.send(request)

    def pages(self, path: str, **parameters: Parameter) -> AsyncPages[Record]:
        """Any list; the fields of an item are its `extra`."""
        return AsyncPages(self._wire, get(path, **parameters), Record)


def _credentials(
    client_id: str | None, client_secret: str | None, token: str | None
) -> Credentials | None:
    if client_id is not None and client_secret is not None and token is None:
        return Credentials(client_id, client_secret)
    if token is None or client_id is not None or client_secret is not None:
        raise ValueError("Give client_id and client_secret, or a token.")
    return None
