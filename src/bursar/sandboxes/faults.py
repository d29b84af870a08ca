"""The faults of sandboxes: stored, read by those who let them happen, and put back."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Connection, Table, delete, select, update
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.database.engine import insert_for
from bursar.database.types import AnyRow
from bursar.events.event import Changes
from bursar.events.service import publish
from bursar.sandboxes.events import SandboxFaultsChanged
from bursar.sandboxes.models import IS_OF_SANDBOX, SandboxFaults
from bursar.sandboxes.views import NO_FAULTS, Faults, LmsFaults, MailFaults

_TABLE: Final = cast("Table", SandboxFaults.__table__)
_FAULTS: Final = select(_TABLE).where(IS_OF_SANDBOX)


def faults_among(connection: Connection, enterprises: Collection[UUID]) -> dict[UUID, Faults]:
    """Those of the sandboxes among them in which something is to go wrong."""
    mine = _TABLE.c.enterprise_uuid.in_(enterprises)
    return {row.enterprise_uuid: _view(row) for row in connection.execute(_FAULTS.where(mine))}


def faults_of(connection: Connection, enterprise_uuid: UUID) -> Faults:
    return faults_among(connection, [enterprise_uuid]).get(enterprise_uuid, NO_FAULTS)


def set_faults(
    session: Session, actor: Actor, enterprise_uuid: UUID, faults: Faults, *, at: datetime
) -> None:
    """All of them: what went wrong before and is not named goes right again. The count of the
    enrollments that the LMS was asked for begins anew."""
    mine = _TABLE.c.enterprise_uuid == enterprise_uuid
    row = session.execute(select(_TABLE).where(mine).with_for_update()).one_or_none()
    before = NO_FAULTS if row is None else _view(row)
    if faults == NO_FAULTS:
        session.execute(delete(_TABLE).where(mine))
    else:
        _store(session, enterprise_uuid, _columns(faults) | {"lms_asked": 0, "modified_at": at})
    if changes := _changes(before, faults):
        event = SandboxFaultsChanged(
            object_id=enterprise_uuid, enterprise_uuid=enterprise_uuid, changes=changes
        )
        publish(session, actor, [event], at=at)


def count_asked(session: Session, enterprise_uuid: UUID, number: int) -> int:
    """Notes that the LMS is asked for so many enrollments more, and returns how many there were
    before."""
    statement = (
        update(_TABLE)
        .where(_TABLE.c.enterprise_uuid == enterprise_uuid)
        .values(lms_asked=_TABLE.c.lms_asked + number)
        .returning(_TABLE.c.lms_asked)
    )
    asked: int | None = session.connection().execute(statement).scalar()
    # Without a row, the faults were put back a moment ago.
    return 0 if asked is None else asked - number


def _store(session: Session, enterprise_uuid: UUID, values: Mapping[str, Any]) -> None:
    inserting = insert_for(session, SandboxFaults).values(enterprise_uuid=enterprise_uuid, **values)
    session.execute(
        inserting.on_conflict_do_update(index_elements=["enterprise_uuid"], set_=dict(values))
    )


def _view(row: AnyRow) -> Faults:
    lms = LmsFaults(row.lms_slow_seconds, row.lms_away, row.lms_refuse_one_in)
    return Faults(lms, MailFaults(row.mail_bounce))


def _columns(faults: Faults) -> dict[str, Any]:
    return {
        "lms_slow_seconds": faults.lms.slow_seconds,
        "lms_away": faults.lms.away,
        "lms_refuse_one_in": faults.lms.refuse_one_in,
        "mail_bounce": faults.mail.bounce,
    }


def _changes(before: Faults, after: Faults) -> Changes:
    """By the names of the API, such as `lms.away`."""
    old, new = _columns(before), _columns(after)
    return {
        name.replace("_", ".", 1): (old[name], value)
        for name, value in new.items()
        if old[name] != value
    }
