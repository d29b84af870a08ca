"""Enterprises with webhook endpoints at a receiver of the test, and what becomes of events."""

from collections.abc import Sequence
from datetime import datetime
from threading import Event
from uuid import UUID, uuid4

from sqlalchemy import select, update

from bursar import clock
from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.database.types import AnyRow
from bursar.delivery.models import Delivery, DeliveryAttempt
from bursar.identity.sealing import Seal
from bursar.identity.service import DeclaredEnterprise, put_enterprise
from bursar.outgoing import settings as outgoing_settings
from bursar.outgoing.addresses import Permitted
from bursar.outgoing.settings import OutgoingSettings
from bursar.webhooks import service
from bursar.webhooks.loop import send_webhooks
from bursar.webhooks.models import WebhookEndpoint
from bursar.webhooks.service import CreateEndpoint, EndpointView, NewEndpointView

ACTOR = Actor("test")
CONTACT = "contact@example.org"
LOCAL = Permitted.of(["127.0.0.0/8"])
SEAL = Seal(["a secret of the installation"])


def prepare(database: Database) -> Database:
    """What is on this machine is permitted."""
    database.info[outgoing_settings.KEY] = OutgoingSettings(LOCAL, lambda: SEAL)
    return database


def open_enterprise(database: Database) -> UUID:
    uuid = uuid4()
    declared = DeclaredEnterprise(
        uuid=uuid, name="Acme", slug=f"acme-{uuid.hex[:8]}", contact_email=CONTACT
    )
    with database.transaction() as session:
        put_enterprise(session, ACTOR, declared)
    return uuid


def open_endpoint(
    database: Database, enterprise: UUID, url: str, types: Sequence[str] | None = None
) -> NewEndpointView:
    command = CreateEndpoint(enterprise_uuid=enterprise, url=url, event_types=types)
    with database.transaction() as session:
        return service.create_endpoint(session, ACTOR, command, at=clock.now())


def ping(database: Database, *endpoints: EndpointView) -> list[str]:
    """The ids of the events."""
    with database.transaction() as session:
        return [
            service.ping_endpoint(session, ACTOR, each.uuid, at=clock.now()).event_id
            for each in endpoints
        ]


def send(database: Database, stopping: Event | None = None) -> None:
    """Until nothing is due, or until it is told to stop."""
    until_idle, stopping = stopping is None, stopping or Event()
    send_webhooks(database, LOCAL, lambda: SEAL, stopping, until_idle=until_idle)


def shown(database: Database, endpoint: EndpointView) -> EndpointView:
    with database.read() as connection:
        return service.find_endpoint(connection, endpoint.uuid)


def deliveries(database: Database, endpoint: EndpointView) -> list[AnyRow]:
    mine = select(*Delivery.__table__.c).where(Delivery.target_uuid == endpoint.uuid)
    with database.read() as connection:
        return list(connection.execute(mine.order_by(Delivery.id)))


def attempts(database: Database, endpoint: EndpointView) -> list[AnyRow]:
    columns = DeliveryAttempt.__table__.c
    mine = (
        select(*columns)
        .join(Delivery, Delivery.id == columns.delivery_id)
        .where(Delivery.target_uuid == endpoint.uuid)
        .order_by(columns.delivery_id, columns.number)
    )
    with database.read() as connection:
        return list(connection.execute(mine))


def make_due(database: Database) -> None:
    """All that waits for its next attempt."""
    with database.transaction() as session:
        session.execute(update(Delivery).values(next_attempt_at=clock.now()))


def failing_since(database: Database, endpoint: EndpointView, instant: datetime) -> None:
    with database.transaction() as session:
        mine = update(WebhookEndpoint).where(WebhookEndpoint.uuid == endpoint.uuid)
        session.execute(mine.values(failing_since=instant))
