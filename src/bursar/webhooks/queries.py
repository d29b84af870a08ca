"""Reads endpoints."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session

from bursar.batches import batched
from bursar.pages import Page, PageRequest
from bursar.webhooks.fields import OFF
from bursar.webhooks.models import WebhookEndpoint
from bursar.webhooks.refusals import UnknownEndpoint
from bursar.webhooks.views import EndpointView, Troubled, view_of_endpoint

_BATCH = 1000
_endpoint = WebhookEndpoint.__table__.c
_IS_LIVE = _endpoint.deleted_at.is_(None)


def page_of_endpoints(
    connection: Connection, enterprise_uuid: UUID, wanted: PageRequest
) -> tuple[Page, list[EndpointView]]:
    """The oldest first. Raises PageOutOfRange."""
    mine = (_endpoint.enterprise_uuid == enterprise_uuid, _IS_LIVE)
    count = connection.execute(
        select(func.count()).select_from(WebhookEndpoint).where(*mine)
    ).scalar_one()
    page = wanted.within(count)
    rows = connection.execute(
        select(*_endpoint)
        .where(*mine)
        .order_by(_endpoint.created_at, _endpoint.uuid)
        .offset(page.start)
        .limit(page.size)
    )
    return page, [view_of_endpoint(row) for row in rows]


def list_endpoints(
    connection: Connection, enterprise_uuid: UUID | None = None
) -> Sequence[EndpointView]:
    """Of one enterprise, or of all; the oldest first."""
    statement = select(*_endpoint).where(_IS_LIVE)
    if enterprise_uuid is not None:
        statement = statement.where(_endpoint.enterprise_uuid == enterprise_uuid)
    ordered = statement.order_by(_endpoint.created_at, _endpoint.uuid)
    return [view_of_endpoint(row) for row in connection.execute(ordered)]


def count_troubled(connection: Connection, enterprise_uuid: UUID) -> Troubled:
    failing = _endpoint.disabled_at.is_(None) & _endpoint.failing_since.is_not(None)
    given_up = _endpoint.disabled_at.is_not(None) & (_endpoint.disabled_reason != OFF)
    statement = select(func.count().filter(failing), func.count().filter(given_up))
    mine = statement.where(_endpoint.enterprise_uuid == enterprise_uuid, _IS_LIVE)
    return Troubled(*connection.execute(mine).one())


def find_endpoint(connection: Connection, uuid: UUID) -> EndpointView:
    """Raises UnknownEndpoint."""
    statement = select(*_endpoint).where(_endpoint.uuid == uuid, _IS_LIVE)
    row = connection.execute(statement).one_or_none()
    if row is None:
        raise UnknownEndpoint(uuid)
    return view_of_endpoint(row)


def owners_of_endpoints(session: Session, uuids: Collection[UUID]) -> dict[UUID, UUID]:
    """The enterprise of each stored endpoint, deleted or not."""
    statement = select(_endpoint.uuid, _endpoint.enterprise_uuid)
    return {
        row.uuid: row.enterprise_uuid
        for batch in batched(uuids, _BATCH)
        for row in session.execute(statement.where(_endpoint.uuid.in_(batch)))
    }
