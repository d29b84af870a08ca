"""Webhook endpoints of the two enterprises: one that is in use, and one that was deleted."""

from uuid import UUID

from sqlalchemy.orm import Session

from bursar import clock
from bursar.webhooks.secrets import new_webhook_secret
from bursar.webhooks.writing import add_secret, new_row
from testing.worlds.contract_credit import named

URL = "https://hooks.example.org/bursar"


def open_endpoints(session: Session, enterprise: UUID) -> None:
    now = clock.now()
    used = new_row(named(enterprise, "webhook"), enterprise, {"url": URL}, now)
    gone = new_row(named(enterprise, "deleted webhook"), enterprise, {"url": ""}, now)
    gone.deleted_at = now
    session.add_all([used, gone])
    session.flush()
    add_secret(session, used.uuid, new_webhook_secret(), now)
