"""Keeps the stamps of enrollments in the order of commits: see database.commit_order."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import case, literal, update
from sqlalchemy.orm import Session

from bursar.batches import batched
from bursar.database.bulk import is_any_of
from bursar.database.commit_order import StampedLog, stamp_in_order
from bursar.database.types import Instant
from bursar.enrollment.models import CLOCK, Enrollment

_BATCH: Final = 10_000
_columns = Enrollment.__table__.c


def note_changes(session: Session, learners: Iterable[tuple[UUID, int]], at: datetime) -> None:
    """After enrollments of these learners, each with the enterprise, were written with `changed_at`
    = `at`."""
    by_enterprise: dict[UUID, list[int]] = {}
    for enterprise_uuid, learner_id in learners:
        by_enterprise.setdefault(enterprise_uuid, []).append(learner_id)
    for enterprise_uuid, ids in by_enterprise.items():
        stamp_in_order(session, _LOG, enterprise_uuid, ids, at)


def _restamp(
    session: Session,
    enterprise_uuid: UUID,
    learner_ids: Sequence[int],
    before: datetime,
    after: datetime,
) -> None:
    new = literal(after, Instant())
    is_shown = _columns.shown_changed_at == before
    for batch in batched(learner_ids, _BATCH):
        statement = (
            update(Enrollment)
            .where(
                _columns.enterprise_uuid == enterprise_uuid,
                is_any_of(session, Enrollment.learner_id, batch),
                _columns.changed_at == before,
            )
            .values(
                changed_at=new,
                shown_changed_at=case((is_shown, new), else_=_columns.shown_changed_at),
            )
        )
        session.connection().execute(statement)


_LOG: Final = StampedLog(CLOCK, _restamp)
