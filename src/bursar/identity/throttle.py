"""Limits failed token requests in one minute: for one client id from one address, for one address,
and in all.

A client id costs an attacker nothing, and each failure takes tens of milliseconds of one core. So
the second limit is for floods of ever new client ids from one address, and the third for those
from many addresses. None asks whether there is such a client, so that nobody learns which there
are.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, insert, select
from sqlalchemy.orm import Session

from bursar.identity.models import TokenFailure

WINDOW = timedelta(seconds=60)
KEPT = timedelta(minutes=10)
_LONGEST = 255
_SWEEP = 1000


@dataclass(frozen=True, slots=True)
class FailureLimits:
    """Failures allowed within a minute, each at least 1."""

    for_client: int
    """For one client id from one address."""
    for_address: int
    in_all: int
    """Beyond it, an address that has failed within the minute is refused. The others still have
    their first attempt, so that an attacker with many addresses locks out nobody else."""


def seconds_to_wait(
    connection: Connection, client_id: str, address: str, *, now: datetime, limits: FailureLimits
) -> int:
    """0 when another attempt may be made; otherwise whole seconds, at least 1.

    One statement. `address` is what counts as one.
    """
    of_address = TokenFailure.address == address[:_LONGEST]
    of_client = TokenFailure.client_id == client_id[:_LONGEST]
    client, here, anywhere, latest = connection.execute(
        select(
            _newest(now, limits.for_client, of_client, of_address).scalar_subquery(),
            _newest(now, limits.for_address, of_address).scalar_subquery(),
            _newest(now, limits.in_all).scalar_subquery(),
            _newest(now, 1, of_address).scalar_subquery(),
        )
    ).one()
    # The limit for all ends as soon as there are fewer in all, or none of this address is left.
    flooded = None if anywhere is None or latest is None else min(anywhere, latest)
    return _until_it_leaves([client, here, flooded], now)


def note_failure(session: Session, client_id: str, address: str, *, now: datetime) -> None:
    """Also forgets failures older than ten minutes. `address` is what counts as one."""
    session.execute(
        insert(TokenFailure).values(
            client_id=client_id[:_LONGEST], address=address[:_LONGEST], at=now
        )
    )
    # Rows that another request is deleting are left to it, so the two never wait for each other.
    old = (
        select(TokenFailure.id)
        .where(TokenFailure.at < now - KEPT)
        .order_by(TokenFailure.at)
        .limit(_SWEEP)
        .with_for_update(skip_locked=True)
    )
    session.execute(
        delete(TokenFailure).where(TokenFailure.id.in_(old)),
        execution_options={"synchronize_session": False},
    )


def _newest(now: datetime, number: int, *of: ColumnElement[bool]) -> Select[Any]:
    """When the newest failure but so many was: fewer than `number` are left once it has left the
    window."""
    return (
        select(TokenFailure.at)
        .where(*of, TokenFailure.at > now - WINDOW)
        .order_by(TokenFailure.at.desc())
        .offset(number - 1)
        .limit(1)
    )


def _until_it_leaves(blocking: Sequence[datetime | None], now: datetime) -> int:
    waits = [(at + WINDOW - now).total_seconds() for at in blocking if at is not None]
    return max((max(1, math.ceil(seconds)) for seconds in waits), default=0)
