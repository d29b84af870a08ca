"""Figures about the mails that wait, and those that were given up."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, case, func, select

from bursar.delivery.models import Delivery, DeliveryStatus
from bursar.figures import Figure, age_seconds

RECENT: Final = timedelta(days=1)
_ROW: Final = Delivery.__table__.c


def mail_figures(connection: Connection, now: datetime) -> Iterator[Figure]:
    """Both statements are answered by partial indexes."""
    state = case((_ROW.attempts > 0, "retrying"), else_="waiting")
    pending = (
        select(state, func.count(), func.min(_ROW.created_at))
        .where(_ROW.status == DeliveryStatus.PENDING.value)
        .group_by(state)
    )
    counts: dict[tuple[str, ...], float] = {("waiting",): 0.0, ("retrying",): 0.0}
    oldest: list[datetime] = []
    for name, number, since in connection.execute(pending):
        counts[(name,)] = number
        oldest.append(since)
    yield Figure("bursar_mails", "Mails that are not sent yet, by state.", ("state",), counts)
    yield Figure(
        "bursar_mails_oldest_seconds",
        "Since when the oldest mail waits that is not sent yet.",
        (),
        {(): age_seconds(min(oldest, default=None), now)},
    )
    failed = select(func.count()).where(
        _ROW.status == DeliveryStatus.FAILED.value, _ROW.finished_at > now - RECENT
    )
    yield Figure(
        "bursar_mails_failed_recently",
        "Mails that were given up in the last 24 hours.",
        (),
        {(): connection.scalar(failed) or 0},
    )
