"""What is read about mails. No function changes anything."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select

from bursar.database.types import AnyRow
from bursar.identity.models import Enterprise
from bursar.notifications.models import Mail, MailStatus
from bursar.notifications.rendering import Correspondent

_MAIL: Final = Mail.__table__.c


def correspondents(connection: Connection, uuids: Iterable[UUID]) -> Mapping[UUID, Correspondent]:
    enterprise = Enterprise.__table__.c
    statement = select(enterprise.uuid, enterprise.name, enterprise.contact_email)
    rows = connection.execute(statement.where(enterprise.uuid.in_(set(uuids))))
    return {row.uuid: Correspondent(row.name, row.contact_email) for row in rows}


def newest_mails(
    connection: Connection, *, enterprise: UUID | None, status: MailStatus | None, limit: int
) -> Sequence[AnyRow]:
    statement = select(*_MAIL).order_by(_MAIL.id.desc()).limit(limit)
    if enterprise is not None:
        statement = statement.where(_MAIL.enterprise_uuid == enterprise)
    if status is not None:
        statement = statement.where(_MAIL.status == status.value)
    return connection.execute(statement).all()


def find_mail(connection: Connection, uuid: UUID) -> AnyRow | None:
    return connection.execute(select(*_MAIL).where(_MAIL.uuid == uuid)).one_or_none()
