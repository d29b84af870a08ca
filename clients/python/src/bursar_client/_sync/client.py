"""The client: what it may do, by the nouns of the API."""

# Made from bursar_client._async by tools/make_sync.py; a test compares them.

from collections.abc import Iterator
from types import TracebackType
from typing import Self

import httpx

from bursar_client._sync.assignments import Assignments
from bursar_client._sync.catalogs import Catalogs
from bursar_client._sync.concurrency import Pace
from bursar_client._sync.enrollments import Enrollments
from bursar_client._sync.events import Events
from bursar_client._sync.jobs import Jobs
from bursar_client._sync.learner_data import LearnerData
from bursar_client._sync.learner_summary import LearnerSummaries
from bursar_client._sync.licenses import Licenses
from bursar_client._sync.pages import Pages
from bursar_client._sync.policies import Policies
from bursar_client._sync.sandbox import Sandbox
from bursar_client._sync.subscriptions import Subscriptions
from bursar_client._sync.webhook_endpoints import WebhookEndpoints
from bursar_client._sync.wire import Wire
from bursar_client.catalog_copy import Change
from bursar_client.cursors import Cursors
from bursar_client.models.callers import Me
from bursar_client.retries import Retries
from bursar_client.tokens import Credentials
from bursar_client.values import Record, read
from bursar_client.version import USER_AGENT
from bursar_client.wire import Answer, Identifier, Parameter, Request, get


class Bursar:
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
        transport: httpx.BaseTransport | None = None,
        pace: Pace | None = None,
    ) -> None:
        """Give `client_id` and `client_secret`, or a `token` that you renew yourself.

        `enterprise` is the one that methods mean when you name none. A server that does not know
        `Idempotency-Key` might do a POST twice: say so, and none is sent again in doubt.
        """
        self._wire = Wire(
            httpx.Client(
                base_url=url,
                timeout=timeout,
                transport=transport,
                headers={"User-Agent": USER_AGENT},
            ),
            credentials=_credentials(client_id, client_secret, token),
            token=token,
            retries=retries or Retries(),
            pace=pace or Pace(),
            has_idempotency_keys=has_idempotency_keys,
        )
        self.catalogs = Catalogs(self._wire, enterprise)
        self.policies = Policies(self._wire, enterprise)
        self.assignments = Assignments(self._wire, enterprise)
        self.subscriptions = Subscriptions(self._wire, enterprise)
        self.licenses = Licenses(self._wire, enterprise)
        self.enrollments = Enrollments(self._wire, enterprise)
        self.learner_summaries = LearnerSummaries(self._wire, enterprise)
        self.learner_data = LearnerData(self._wire, enterprise)
        self.jobs = Jobs(self._wire, enterprise)
        self.events = Events(self._wire, enterprise)
        self.webhook_endpoints = WebhookEndpoints(self._wire, enterprise)
        self.sandbox = Sandbox(self._wire, enterprise)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._wire.close()

    def me(self) -> Me:
        """Who the client is, and what it may ask for; beyond the reference."""
        answer = self._wire.send(get("/enterprise/v1/me"))
        return read(Me, answer.json())

    def sync_catalog(
        self, catalog: Identifier, cursors: Cursors, *, afresh: bool = False
    ) -> Iterator[Change]:
        """The same as `catalogs.sync`."""
        return self.catalogs.sync(catalog, cursors, afresh=afresh)

    def send(self, request: Request) -> Answer:
        """Any request, such as to an endpoint that has no method here: see `bursar_client.wire`."""
        return self._wire.send(request)

    def pages(self, path: str, **parameters: Parameter) -> Pages[Record]:
        """Any list; the fields of an item are its `extra`."""
        return Pages(self._wire, get(path, **parameters), Record)


def _credentials(
    client_id: str | None, client_secret: str | None, token: str | None
) -> Credentials | None:
    if client_id is not None and client_secret is not None and token is None:
        return Credentials(client_id, client_secret)
    if token is None or client_id is not None or client_secret is not None:
        raise ValueError("Give client_id and client_secret, or a token.")
    return None
