"""Which events may be told of now, as people consent now."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.database.types import AnyRow
from bursar.enrollment.telling import shown_rows
from bursar.events.models import EventPosition, EventRecord
from bursar.xapi.statements import Told

_place: Final = EventPosition.__table__.c
_event: Final = EventRecord.__table__.c


def told_at(session: Session, positions: Sequence[int]) -> dict[int, Told]:
    """The events that are still kept, by their positions in the log."""
    if not positions:
        return {}
    rows = session.execute(
        select(_place.position, *_event)
        .join_from(EventPosition, EventRecord, _event.id == _place.event_id)
        .where(_place.position.in_(set(positions)), _event.data.is_not(None))
    )
    return {row.position: told_of(row, row.data) for row in rows}


def told_of(row: AnyRow, data: str | Mapping[str, Any]) -> Told:
    shown = msgspec.json.decode(data) if isinstance(data, str) else data
    return Told(row.uuid, row.at, row.enterprise_uuid, shown)


def consented(session: Session, told: Sequence[Told], at: datetime) -> set[UUID]:
    """Those whose person consented then, and consents now: both as the learner summary says, which
    is the one place where that is decided."""
    then = [each for each in told if each.data.get("is_consent_granted") is True]
    ids = {(each.enterprise_uuid, _enrollment(each)) for each in then}
    shown: Mapping[int, Any] = shown_rows(session, sorted(ids), at)
    return {
        each.uuid
        for each in then
        if (row := shown.get(_enrollment(each))) is not None and row.is_consent_granted
    }


def _enrollment(told: Told) -> int:
    return int(told.data["enrollment_id"])
