"""Reads and writes of wishes. Each takes all rows that are needed in one statement."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    String,
    func,
    literal_column,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import Session

from bursar.batches import batched
from bursar.database.bulk import is_any_of
from bursar.database.rows import given_rows
from bursar.database.types import AnyRow
from bursar.enrollment.commands import Place
from bursar.enrollment.direct.commands import WishSelection, WishState
from bursar.enrollment.direct.models import DirectEnrollment
from bursar.enrollment.direct.rules import Standing
from bursar.learners.models import Learner
from bursar.pages import Page

_wishes, _learners = DirectEnrollment.__table__, Learner.__table__
_LISTED: Final = _wishes.join(_learners, _learners.c.id == _wishes.c.learner_id)
# Literals, because PostgreSQL cannot use a partial index with a parameter.
_IS_QUEUED: Final = _wishes.c.state == literal_column("'queued'")
_IS_WAITING: Final = _wishes.c.state == literal_column("'waiting'")
_BATCH: Final = 10_000


def find_wishes(
    session: Session, enterprise_uuid: UUID, places: Sequence[Place]
) -> dict[Place, AnyRow]:
    """Locked until the transaction ends."""
    given = given_rows(session, {"learner_id": BigInteger(), "courserun_key": String()}, places)
    statement = (
        select(_wishes)
        .where(
            _wishes.c.enterprise_uuid == enterprise_uuid,
            tuple_(_wishes.c.learner_id, _wishes.c.courserun_key).in_(select(given)),
        )
        .order_by(_wishes.c.learner_id, _wishes.c.courserun_key)
        .with_for_update()
    )
    rows = session.connection().execute(statement)
    return {(row.learner_id, row.courserun_key): row for row in rows}


def standing_of(row: AnyRow) -> Standing:
    return Standing(
        mode=row.mode,
        cohort=row.cohort,
        notify=row.notify,
        is_active=row.is_active,
        state=WishState(row.state),
        in_lms=row.in_lms,
    )


def queued_wishes(session: Session, batch_uuid: UUID, size: int) -> Sequence[AnyRow]:
    """The first ones that a job is to work on, all of one enterprise."""
    statement = (
        select(_wishes)
        .where(_wishes.c.batch_uuid == batch_uuid, _IS_QUEUED)
        .order_by(_wishes.c.id)
        .limit(size)
    )
    rows = session.connection().execute(statement).all()
    return [row for row in rows if row.enterprise_uuid == rows[0].enterprise_uuid]


def still_queued(session: Session, batch_uuid: UUID, ids: Sequence[int]) -> set[int]:
    """Which of them nobody has changed since: locked until the transaction ends."""
    statement = (
        select(_wishes.c.id)
        .where(is_any_of(session, DirectEnrollment.id, ids))
        .where(_wishes.c.batch_uuid == batch_uuid, _IS_QUEUED)
        .order_by(_wishes.c.id)
        .with_for_update()
    )
    return set(session.connection().scalars(statement))


def change_wishes(session: Session, ids: Sequence[int], values: Mapping[str, Any]) -> None:
    for batch in batched(ids, _BATCH):
        statement = update(DirectEnrollment).where(is_any_of(session, DirectEnrollment.id, batch))
        session.connection().execute(statement.values(dict(values)))


def queue_waiting(
    session: Session,
    batch_uuid: UUID,
    now: datetime,
    *,
    learner_ids: Sequence[int] | None = None,
    since: datetime | None = None,
) -> int:
    """How many wishes that waited are queued: of these learners, or those that have waited
    since."""
    statement = update(DirectEnrollment).where(_IS_WAITING)
    if since is not None:
        statement = statement.where(_wishes.c.modified_at <= since)
    batches = [None] if learner_ids is None else list(batched(learner_ids, _BATCH))
    queued = {"state": WishState.QUEUED.value, "batch_uuid": batch_uuid, "modified_at": now}
    total = 0
    for batch in batches:
        mine = () if batch is None else (is_any_of(session, DirectEnrollment.learner_id, batch),)
        total += session.connection().execute(statement.where(*mine).values(queued)).rowcount
    return total


def unfinished_batches(session: Session) -> list[UUID]:
    statement = select(_wishes.c.batch_uuid).where(_IS_QUEUED).distinct()
    return list(session.connection().scalars(statement.order_by(_wishes.c.batch_uuid)))


def is_any_waiting(session: Session, since: datetime) -> bool:
    statement = select(_wishes.c.id).where(_IS_WAITING, _wishes.c.modified_at <= since).limit(1)
    return session.connection().execute(statement).first() is not None


def count_selected(connection: Connection, enterprise_uuid: UUID, wanted: WishSelection) -> int:
    statement = select(func.count()).select_from(_LISTED)
    number: int = connection.scalar(statement.where(*_selected(enterprise_uuid, wanted))) or 0
    return number


def selected_wishes(
    connection: Connection, enterprise_uuid: UUID, wanted: WishSelection, page: Page
) -> Sequence[AnyRow]:
    """With the address and the account of each learner; the one that changed last comes first."""
    statement = (
        select(_wishes, _learners.c.email, _learners.c.lms_user_id)
        .select_from(_LISTED)
        .where(*_selected(enterprise_uuid, wanted))
        .order_by(_wishes.c.modified_at.desc(), _wishes.c.id.desc())
        .limit(page.size)
        .offset(page.start)
    )
    return connection.execute(statement).all()


def _selected(enterprise_uuid: UUID, wanted: WishSelection) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [_wishes.c.enterprise_uuid == enterprise_uuid]
    if wanted.states != frozenset(WishState):
        conditions.append(_wishes.c.state.in_(sorted(wanted.states)))
    if wanted.email is not None:
        conditions.append(_learners.c.email == wanted.email)
    if wanted.courserun_key is not None:
        conditions.append(_wishes.c.courserun_key == wanted.courserun_key)
    return conditions


def find_wish(connection: Connection, uuid: UUID) -> AnyRow | None:
    """With the learner's e-mail."""
    statement = select(_wishes, _learners.c.email).select_from(_LISTED)
    return connection.execute(statement.where(_wishes.c.uuid == uuid)).one_or_none()


def active_among(session: Session, uuids: Sequence[UUID]) -> set[UUID]:
    """Those of the wishes by which a learner is enrolled now."""
    statement = select(_wishes.c.uuid).where(
        is_any_of(session, DirectEnrollment.uuid, uuids),
        _wishes.c.is_active,
        _wishes.c.state == WishState.DONE.value,
    )
    return set(session.connection().scalars(statement))
