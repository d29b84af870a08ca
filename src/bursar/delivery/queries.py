"""Reads mails and the enterprises that they speak for."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select

from bursar.database.types import AnyRow
from bursar.delivery.models import Mail, MailStatus
from bursar.delivery.views import Correspondent, MailView
from bursar.identity.service import find_enterprises

_MAIL: Final = Mail.__table__.c


def correspondents(connection: Connection, uuids: Iterable[UUID]) -> Mapping[UUID, Correspondent]:
    return {
        uuid: Correspondent(enterprise.name, enterprise.contact_email)
        for uuid, enterprise in find_enterprises(connection, uuids).items()
    }


def newest_mails(
    connection: Connection,
    *,
    enterprise_uuid: UUID | None,
    status: MailStatus | None,
    recipient: str | None,
    since: datetime | None,
    limit: int,
) -> Sequence[MailView]:
    statement = select(*_MAIL).order_by(_MAIL.id.desc()).limit(limit)
    if enterprise_uuid is not None:
        statement = statement.where(_MAIL.enterprise_uuid == enterprise_uuid)
    if status is not None:
        statement = statement.where(_MAIL.status == status.value)
    if recipient is not None:
        statement = statement.where(_MAIL.recipient == recipient)
    if since is not None:
        statement = statement.where(_MAIL.created_at >= since)
    return [_view(row) for row in connection.execute(statement)]


def find_mail(connection: Connection, uuid: UUID) -> MailView | None:
    row = connection.execute(select(*_MAIL).where(_MAIL.uuid == uuid)).one_or_none()
    return None if row is None else _view(row)


def _view(row: AnyRow) -> MailView:
    return MailView(
        uuid=row.uuid,
        enterprise_uuid=row.enterprise_uuid,
        kind=row.kind,
        subject_uuid=row.subject_uuid,
        recipient=row.recipient,
        context=row.context,
        status=MailStatus(row.status),
        attempts=row.attempts,
        created_at=row.created_at,
        finished_at=row.finished_at,
        error=row.error,
    )
