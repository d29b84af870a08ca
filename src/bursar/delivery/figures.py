"""Figures about what waits to be sent, and what was given up: by channel, and of mails apart."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from sqlalchemy import Connection, case, func, select

from bursar.delivery.models import Channel, Delivery, DeliveryStatus
from bursar.figures import Figure, age_seconds

RECENT: Final = timedelta(days=1)
_ROW: Final = Delivery.__table__.c
_STATES: Final = ("waiting", "retrying")
_MAIL: Final = Channel.MAIL.value
_Values: TypeAlias = Mapping[tuple[str, ...], float]


def delivery_figures(connection: Connection, now: datetime) -> Iterator[Figure]:
    """Two statements, which are answered by partial indexes."""
    counts, ages = _pending(connection, now)
    failed = _failed(connection, now)
    yield from _by_channel(counts, ages, failed)
    yield from _of_mails(counts, ages, failed)


def _pending(connection: Connection, now: datetime) -> tuple[_Values, _Values]:
    """How many wait by channel and state, and since when the oldest does by channel."""
    state = case((_ROW.attempts > 0, "retrying"), else_="waiting")
    pending = (
        select(_ROW.channel, state, func.count(), func.min(_ROW.created_at))
        .where(_ROW.status == DeliveryStatus.PENDING.value)
        .group_by(_ROW.channel, state)
    )
    counts: dict[tuple[str, ...], float] = {
        (channel.value, each): 0.0 for channel in Channel for each in _STATES
    }
    oldest: dict[str, datetime] = {}
    for channel, name, number, since in connection.execute(pending):
        counts[(channel, name)] = number
        oldest[channel] = min(since, oldest.get(channel, since))
    ages: dict[tuple[str, ...], float] = {
        (each.value,): age_seconds(oldest.get(each.value), now) for each in Channel
    }
    return counts, ages


def _failed(connection: Connection, now: datetime) -> _Values:
    given_up = (
        select(_ROW.channel, func.count())
        .where(_ROW.status == DeliveryStatus.FAILED.value, _ROW.finished_at > now - RECENT)
        .group_by(_ROW.channel)
    )
    counts: dict[tuple[str, ...], float] = {(channel.value,): 0.0 for channel in Channel}
    counts.update({(channel,): number for channel, number in connection.execute(given_up)})
    return counts


def _by_channel(counts: _Values, ages: _Values, failed: _Values) -> Iterator[Figure]:
    yield Figure(
        "bursar_deliveries",
        "What is not sent yet, by channel and state.",
        ("channel", "state"),
        counts,
    )
    yield Figure(
        "bursar_deliveries_oldest_seconds",
        "Since when the oldest waits that is not sent yet, by channel.",
        ("channel",),
        ages,
    )
    yield Figure(
        "bursar_deliveries_failed_recently",
        "What was given up in the last 24 hours, by channel.",
        ("channel",),
        failed,
    )


def _of_mails(counts: _Values, ages: _Values, failed: _Values) -> Iterator[Figure]:
    """Under the names that they had before there were other channels."""
    yield Figure(
        "bursar_mails",
        "Mails that are not sent yet, by state.",
        ("state",),
        {(state,): counts[(_MAIL, state)] for state in _STATES},
    )
    yield Figure(
        "bursar_mails_oldest_seconds",
        "Since when the oldest mail waits that is not sent yet.",
        (),
        {(): ages[(_MAIL,)]},
    )
    yield Figure(
        "bursar_mails_failed_recently",
        "Mails that were given up in the last 24 hours.",
        (),
        {(): failed[(_MAIL,)]},
    )
