"""Reads deliveries and the enterprises that mails speak for."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import Boolean, ColumnElement, Connection, literal_column, select

from bursar.batches import batched
from bursar.claims.looks import looks_of
from bursar.database.types import AnyRow
from bursar.delivery.models import IS_MAIL, Channel, Delivery, DeliveryAttempt, DeliveryStatus
from bursar.delivery.views import AttemptView, Correspondent, DeliverySearch, DeliveryView
from bursar.identity.service import find_enterprises
from bursar.sandboxes.service import faults_among

BATCH: Final = 1_000
_ROW: Final = Delivery.__table__.c
_ATTEMPT: Final = DeliveryAttempt.__table__.c


def correspondents(connection: Connection, uuids: Iterable[UUID]) -> Mapping[UUID, Correspondent]:
    found = find_enterprises(connection, uuids)
    looks = looks_of(connection, found)
    bouncing = bouncing_among(connection, [each.uuid for each in found.values() if each.is_sandbox])
    return {
        uuid: Correspondent(
            enterprise.name,
            enterprise.contact_email,
            looks[uuid],
            enterprise.is_sandbox,
            uuid in bouncing,
        )
        for uuid, enterprise in found.items()
    }


def bouncing_among(connection: Connection, uuids: Collection[UUID]) -> set[UUID]:
    """The sandboxes among enterprises whose mails are to bounce."""
    if not uuids:
        return set()
    faults = faults_among(connection, uuids)
    return {uuid for uuid, each in faults.items() if each.mail.bounce}


def newest_deliveries(
    connection: Connection, search: DeliverySearch, *, limit: int
) -> Sequence[DeliveryView]:
    statement = select(*_ROW).order_by(_ROW.id.desc()).limit(limit)
    return [_view(row) for row in connection.execute(statement.where(*conditions_of(search)))]


def conditions_of(search: DeliverySearch) -> Iterator[ColumnElement[bool]]:
    same = {
        _ROW.channel: search.channel,
        _ROW.kind: search.kind,
        _ROW.enterprise_uuid: search.enterprise_uuid,
        _ROW.recipient: search.recipient,
        _ROW.status: search.status,
        _ROW.target_uuid: search.target_uuid,
        _ROW.event_uuid: search.event_uuid,
    }
    yield from (column == value for column, value in same.items() if value is not None)
    if search.channel is Channel.MAIL:
        yield literal_column(f"{Delivery.__tablename__}.{IS_MAIL.text}", Boolean)
    if search.since is not None:
        yield _ROW.created_at >= search.since
    if search.before is not None:
        yield _ROW.id < search.before


def find_delivery(
    connection: Connection, uuid: UUID, channel: Channel | None = None
) -> DeliveryView | None:
    statement = select(*_ROW).where(_ROW.uuid == uuid)
    if channel is not None:
        statement = statement.where(_ROW.channel == channel.value)
    row = connection.execute(statement).one_or_none()
    return None if row is None else _view(row)


def attempts_of(
    connection: Connection, delivery_ids: Sequence[int]
) -> Mapping[int, Sequence[AttemptView]]:
    """By the ids of the deliveries, each in order."""
    found: dict[int, list[AttemptView]] = {each: [] for each in delivery_ids}
    for some in batched(delivery_ids, BATCH):
        statement = (
            select(*_ATTEMPT)
            .where(_ATTEMPT.delivery_id.in_(some))
            .order_by(_ATTEMPT.delivery_id, _ATTEMPT.number)
        )
        for row in connection.execute(statement):
            found[row.delivery_id].append(
                AttemptView(
                    row.number, row.at, row.outcome, row.status, row.answer, round(row.seconds, 3)
                )
            )
    return found


def _view(row: AnyRow) -> DeliveryView:
    status = DeliveryStatus(row.status)
    return DeliveryView(
        id=row.id,
        uuid=row.uuid,
        channel=Channel(row.channel),
        enterprise_uuid=row.enterprise_uuid,
        kind=row.kind,
        subject_uuid=row.subject_uuid,
        target_uuid=row.target_uuid,
        event_uuid=row.event_uuid,
        recipient=row.recipient,
        context=row.context,
        status=status,
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at if status is DeliveryStatus.PENDING else None,
        leased_until=row.claimed_until if status is DeliveryStatus.PENDING else None,
        created_at=row.created_at,
        finished_at=row.finished_at,
        error=row.error,
    )
