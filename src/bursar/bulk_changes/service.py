"""The front door of bulk changes: ask for one, and make the next part of one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor, ActorKind
from bursar.bulk_changes.commands import Apply, Change, ChangeRefused, RequestChange
from bursar.bulk_changes.events import BulkChangeFinished, BulkChangeRequested
from bursar.bulk_changes.models import BulkChange
from bursar.bulk_changes.views import ChangeState, view_of
from bursar.database.engine import Database
from bursar.database.types import AnyRow
from bursar.events.service import publish

_table = BulkChange.__table__


def request_change(session: Session, actor: Actor, command: RequestChange, at: datetime) -> UUID:
    """Stores a change and returns its uuid. A subscriber of BulkChangeRequested enqueues its
    work, in the caller's transaction."""
    row = (
        session.connection()
        .execute(
            insert(BulkChange)
            .values(
                uuid=uuid4(),
                enterprise_uuid=command.enterprise_uuid,
                kind=command.kind,
                subject_uuid=command.subject_uuid,
                selection=dict(command.selection),
                total=command.total,
                done_count=0,
                state=ChangeState.QUEUED.value,
                client_id=actor.name,
                request_id=actor.request_id,
                created_at=at,
            )
            .returning(*_table.c)
        )
        .one()
    )
    requested = BulkChangeRequested(
        object_id=row.uuid,
        enterprise_uuid=row.enterprise_uuid,
        changes={"state": (None, row.state), "total": (None, row.total)},
        data=view_of(row),
        is_first=True,
    )
    publish(session, actor, [requested], at=at)
    return UUID(str(row.uuid))


def make_next(database: Database, kinds: Mapping[str, Apply], uuid: UUID) -> bool:
    """Whether anything is left. What is changed, and how far the change is, are one transaction."""
    try:
        with database.transaction() as session:
            return _make_next(session, kinds, uuid, clock.now())
    except ChangeRefused as refused:
        with database.transaction() as session:
            row = _locked(session, uuid)
            _finish(session, row, ChangeState.FAILED, clock.now(), error=str(refused))
        return False


def _make_next(session: Session, kinds: Mapping[str, Apply], uuid: UUID, now: datetime) -> bool:
    row = _locked(session, uuid)
    if row.finished_at is not None:
        return False
    batch = kinds[row.kind](session, _change_of(row), now)
    done = {"done_count": row.done_count + batch.number}
    if batch.last_uuid is None:
        _finish(session, row, ChangeState.DONE, now, **done)
        return False
    _write(session, uuid, {**done, "state": ChangeState.RUNNING, "last_uuid": batch.last_uuid})
    return True


def _locked(session: Session, uuid: UUID) -> AnyRow:
    statement = select(_table).where(_table.c.uuid == uuid).with_for_update()
    return session.connection().execute(statement).one()


def _change_of(row: AnyRow) -> Change:
    return Change(
        enterprise_uuid=row.enterprise_uuid,
        subject_uuid=row.subject_uuid,
        selection=row.selection,
        asked_at=row.created_at,
        last_uuid=row.last_uuid,
        actor=_actor_of(row),
    )


def _actor_of(row: AnyRow) -> Actor:
    """Who asked for the change. Operators alone name clients, and call none like a person."""
    is_user = row.client_id.startswith("user:")
    kind = ActorKind.USER if is_user else ActorKind.CLIENT
    return Actor(row.client_id, row.request_id, kind)


def _finish(session: Session, row: AnyRow, state: ChangeState, now: datetime, **more: Any) -> None:
    after = _write(session, row.uuid, {"state": state, "finished_at": now, **more})
    finished = BulkChangeFinished(
        object_id=row.uuid,
        enterprise_uuid=row.enterprise_uuid,
        changes={"state": (row.state, state), "done": (row.done_count, after.done_count)},
        data=view_of(after),
    )
    publish(session, _actor_of(row), [finished], at=now)


def _write(session: Session, uuid: UUID, values: Mapping[str, Any]) -> AnyRow:
    statement = update(BulkChange).where(_table.c.uuid == uuid).values(dict(values))
    return session.connection().execute(statement.returning(*_table.c)).one()
