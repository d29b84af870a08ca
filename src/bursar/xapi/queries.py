"""Reads connections."""

from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select

from bursar.xapi.models import Identity, Mode, XapiConnection
from bursar.xapi.verbs import Verb
from bursar.xapi.views import ConnectionView

_connection: Final = XapiConnection.__table__.c


def find_connection(connection: Connection, enterprise_uuid: UUID) -> ConnectionView | None:
    """That of the enterprise. None: it has none."""
    mine = select(*_connection).where(_connection.enterprise_uuid == enterprise_uuid)
    row = connection.execute(mine).one_or_none()
    if row is None:
        return None
    return ConnectionView(
        uuid=row.uuid,
        endpoint=row.endpoint,
        key=row.key,
        identity=Identity(row.identity),
        mode=Mode(row.mode),
        verbs=None if row.verbs is None else [Verb(each) for each in row.verbs],
        succeeded_at=row.succeeded_at,
        failing_since=row.failing_since,
        created_at=row.created_at,
    )
