"""The deliveries to an endpoint of webhooks, as files."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from bursar import clock
from bursar.console.files import CSV, NDJSON, csv_file, ndjson_file
from bursar.console.installation.delivering import one_of
from bursar.console.integrations.endpoints import ENDPOINT_PATH
from bursar.console.screens import Screens
from bursar.console.visits import File, Visit
from bursar.database.engine import snapshot_on
from bursar.delivery.service import DeliveryStatus
from bursar.webhooks.asking import deliveries_of
from bursar.webhooks.owned import ENDPOINT
from bursar.webhooks.views import DeliveryItem

screens: Final = Screens()
MOST: Final = 10_000
"""Each has all of its attempts. Whoever wants more asks the API, page by page."""
_COLUMNS: Final = (
    "uuid",
    "event_id",
    "event_type",
    "status",
    "created",
    "next_attempt_at",
    "error",
    "attempts",
    "last_attempt_at",
    "last_status",
    "last_answer",
)


@screens.get(f"{ENDPOINT_PATH}/deliveries.{CSV}", owned=ENDPOINT, only_admin=True)
def export_csv(visit: Visit, connection: Connection) -> File:
    return csv_file(_name(visit), _COLUMNS, map(_row, _items(visit, connection)))


@screens.get(f"{ENDPOINT_PATH}/deliveries.{NDJSON}", owned=ENDPOINT, only_admin=True)
def export_ndjson(visit: Visit, connection: Connection) -> File:
    return ndjson_file(_name(visit), _items(visit, connection))


def _name(visit: Visit) -> str:
    return f"deliveries-{visit.enterprise.slug}"


def _items(visit: Visit, connection: Connection) -> Sequence[DeliveryItem]:
    status = one_of(DeliveryStatus, visit.query.get("state"))
    with snapshot_on(connection):
        return deliveries_of(connection, visit.target.uuid, status=status, limit=MOST)


def _row(item: DeliveryItem) -> tuple[object, ...]:
    last = item.attempts[-1] if item.attempts else None
    due = item.next_attempt_at
    return (
        item.uuid,
        item.event_id,
        item.event_type,
        item.status,
        clock.format_instant(item.created),
        None if due is None else clock.format_instant(due),
        item.error,
        len(item.attempts),
        None if last is None else clock.format_instant(last.at),
        None if last is None else last.status,
        None if last is None else last.answer,
    )
