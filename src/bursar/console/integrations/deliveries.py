"""What was or will be sent to one endpoint or store: listed with what was answered last, and each
with all of its attempts."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from bursar.console.installation.delivering import STATES, one_of
from bursar.console.paging import newest_before
from bursar.console.rendering import ROWS
from bursar.console.visits import Html, NotThere, Visit
from bursar.delivery import service as delivery
from bursar.delivery.refusals import UnknownDelivery
from bursar.delivery.service import Channel, DeliverySearch, DeliveryStatus, DeliveryView


def listed(
    visit: Visit, connection: Connection, channel: Channel, target_uuid: UUID
) -> Mapping[str, Any]:
    """What the template of such a list is given. Raises Refused."""
    status, before = one_of(DeliveryStatus, visit.query.get("state")), newest_before(visit)
    search = DeliverySearch(channel=channel, target_uuid=target_uuid, status=status, before=before)
    found = delivery.search_deliveries(connection, search, limit=ROWS + 1)
    shown = found[:ROWS]
    return {
        "deliveries": shown,
        "attempts": delivery.attempts_of_each(connection, shown),
        "states": STATES,
        "status": status,
        "older": visit.with_query(before=shown[-1].id) if len(found) > ROWS else None,
        "newest": visit.with_query(before=None) if before else None,
    }


def uuid_of(visit: Visit) -> UUID:
    """Of the delivery that the path names."""
    return UUID(str(visit.parameters["delivery_uuid"]))


def found_of(
    visit: Visit, connection: Connection, channel: Channel, target_uuid: UUID
) -> DeliveryView:
    """The delivery that the path names. Raises NotThere for one to another target."""
    try:
        found = delivery.view_of_delivery(connection, uuid_of(visit))
    except UnknownDelivery:
        raise NotThere from None
    if (found.channel, found.target_uuid) != (channel, target_uuid):
        raise NotThere
    return found


def shown(
    connection: Connection,
    found: DeliveryView,
    trail: list[tuple[str, str]],
    retry_path: str | None,
    error: str = "",
) -> Html:
    """`retry_path` is where the form goes that sends it again; None: it cannot be."""
    given = {
        "delivery": found,
        "attempts": delivery.attempts_of(connection, found),
        "state": STATES[found.status],
        "trail": trail,
        "retry_path": retry_path,
        "error": error,
    }
    return Html("integration-delivery.html", given, 409 if error else 200)
