"""Events to read, published and placed as those of any change."""

from typing import Final
from uuid import UUID, uuid4, uuid5

from bursar import clock
from bursar.actors import Actor, ActorKind
from bursar.batches import batched
from bursar.database.engine import Database
from bursar.events.sequencing import Sequencer, is_behind
from bursar.events.service import publish
from bursar.subscriptions.licenses.events import LicenseRenewed
from bursar.subscriptions.licenses.states import LicenseStatus
from bursar.subscriptions.licenses.views import LicenseItem
from testing.worlds import declared

_NAMESPACE: Final = UUID("5d1c7f0e-6d0e-4a52-8a3e-8c5a0f3b1d77")
_BATCH: Final = 10_000
_ACTOR: Final = Actor("benchmark", "benchmark", ActorKind.CLIENT)


def create_events(database: Database, client_id: str, name: str, number: int) -> UUID:
    """An enterprise of the client with so many events, each of a license of its own."""
    enterprise = uuid5(_NAMESPACE, name)
    declared.declare(database, {"enterprises": [declared.enterprise(enterprise, name, client_id)]})
    plan = uuid4()
    for numbers in batched(range(number), _BATCH):
        publish_renewals(database, enterprise, plan, len(numbers))
    place_all(database)
    with database.read() as connection:
        connection.exec_driver_sql("VACUUM ANALYZE events, event_positions")
    return enterprise


def publish_renewals(database: Database, enterprise: UUID, plan: UUID, number: int) -> None:
    """In one transaction. Nobody inside is told of these events."""
    now = clock.now()
    events = [_renewal(enterprise, plan, each) for each in range(number)]
    with database.transaction() as session:
        publish(session, _ACTOR, events, at=now)


def _renewal(enterprise: UUID, plan: UUID, number: int) -> LicenseRenewed:
    uuid, email = uuid4(), f"learner{number}@example.com"
    today = clock.format_instant(clock.now())
    return LicenseRenewed(
        object_id=uuid,
        enterprise_uuid=enterprise,
        is_first=True,
        email=email,
        renewed_from_uuid=uuid,
        data=LicenseItem(
            uuid=uuid,
            status=LicenseStatus.ACTIVATED,
            user_email=email,
            lms_user_id=number,
            user_sfid=None,
            subscription_plan_uuid=plan,
            assigned_date=today,
            activation_date=today,
            revoked_date=None,
        ),
    )


def place_all(database: Database) -> None:
    """Until the search for events without a place is at the end."""
    sequencer = Sequencer(database)
    while True:
        sequencer.place()
        with database.read() as connection:
            if not is_behind(connection):
                return
