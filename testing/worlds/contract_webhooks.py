"""Webhook endpoints of the two enterprises: one that is in use, and one that was deleted."""

from uuid import UUID

from sqlalchemy.orm import Session

from bursar import clock
from bursar.delivery.service import Channel, NewDelivery, enqueue_deliveries
from bursar.webhooks.secrets import new_webhook_secret
from bursar.webhooks.writing import add_secret, new_row
from testing.worlds.contract import identifier
from testing.worlds.contract_credit import named

URL = "https://hooks.example.org/bursar"


def open_endpoints(session: Session, enterprise: UUID) -> None:
    now = clock.now()
    used = new_row(named(enterprise, "webhook"), enterprise, {"url": URL}, now)
    gone = new_row(named(enterprise, "deleted webhook"), enterprise, {"url": ""}, now)
    gone.deleted_at = now
    # So that another one is always refused.
    used.replay_position = used.replay_until = 0
    session.add_all([used, gone])
    session.flush()
    add_secret(session, used.uuid, new_webhook_secret(), now)
    enqueue_deliveries(session, [delivery_to(used.uuid, enterprise, "delivery")], now)


def delivery_uuid(enterprise: UUID, name: str) -> UUID:
    return identifier(f"{name} {enterprise}")


def delivery_to(endpoint: UUID, enterprise: UUID, name: str) -> NewDelivery:
    """Of an event that there is not."""
    return NewDelivery(
        channel=Channel.WEBHOOK,
        kind="license.assigned",
        enterprise_uuid=enterprise,
        subject_uuid=identifier(f"subject of {name} {enterprise}"),
        recipient=URL,
        target_uuid=endpoint,
        event_uuid=identifier(f"event of {name} {enterprise}"),
        uuid=delivery_uuid(enterprise, name),
    )
