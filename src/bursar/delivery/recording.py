"""Writes what came of attempts. Every function expects the caller's transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import BigInteger, CursorResult, Integer, String, Table, func, update
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from bursar.database.bulk import bulk_insert
from bursar.database.rows import given_rows
from bursar.database.types import Instant
from bursar.delivery import lease
from bursar.delivery.channel import Attempt, AttemptOutcome
from bursar.delivery.models import Delivery, DeliveryAttempt, DeliveryStatus
from bursar.delivery.rules import BACKOFF, LONGEST_PAUSE, kept_answer, pause_after

_TABLE: Final = cast("Table", Delivery.__table__)
_STATUS: Final = {
    AttemptOutcome.DELIVERED: DeliveryStatus.DELIVERED,
    AttemptOutcome.RETRYING: DeliveryStatus.PENDING,
    AttemptOutcome.FAILED: DeliveryStatus.FAILED,
}
_OUTCOMES: Final[Mapping[str, TypeEngine[Any]]] = {
    "id": BigInteger(),
    "status": String(),
    "attempts": Integer(),
    "error": String(),
    "next_at": Instant(),
    "finished_at": Instant(),
}


class Overtaken(Exception):
    """Another worker leased deliveries while their attempts were recorded."""


def record(session: Session, attempts: Sequence[Attempt], until: datetime) -> list[Attempt]:
    """Records attempts at deliveries that the lease with this end still covers, and returns these:
    each gets its outcome, a row that keeps the answer, and the instant of the next try."""
    found = lease.statuses(session, [each.delivery for each in attempts], until, lock=True)
    counting = [each for each in attempts if counts(each, found.get(each.delivery.id))]
    write(session, counting, until)
    return counting


def counts(attempt: Attempt, status: DeliveryStatus | None) -> bool:
    """What was dropped while it was being sent was sent nevertheless."""
    dropped_too_late = (
        status == DeliveryStatus.DROPPED and attempt.outcome == AttemptOutcome.DELIVERED
    )
    return status == DeliveryStatus.PENDING or dropped_too_late


def write(session: Session, attempts: Sequence[Attempt], until: datetime) -> None:
    """Two statements for any number of attempts. Raises Overtaken if a lease is over."""
    if not attempts:
        return
    given = given_rows(session, _OUTCOMES, [_outcome(attempt) for attempt in attempts])
    result = session.connection().execute(
        update(_TABLE)
        .where(_TABLE.c.id == given.c.id, _TABLE.c.claimed_until == until)
        .values(
            status=given.c.status,
            attempts=given.c.attempts,
            attempted=_TABLE.c.attempted + 1,
            claimed_until=None,
            error=given.c.error,
            next_attempt_at=func.coalesce(given.c.next_at, _TABLE.c.next_attempt_at),
            finished_at=given.c.finished_at,
        )
    )
    if cast("CursorResult[tuple[()]]", result).rowcount != len(attempts):
        raise Overtaken
    bulk_insert(session, DeliveryAttempt, [_kept(attempt) for attempt in attempts])


def _outcome(attempt: Attempt) -> tuple[Any, ...]:
    attempts = attempt.delivery.attempts + 1
    is_retrying = attempt.outcome == AttemptOutcome.RETRYING
    return (
        attempt.delivery.id,
        _STATUS[attempt.outcome].value,
        attempts,
        attempt.error,
        _next_at(attempt, attempts) if is_retrying else None,
        None if is_retrying else attempt.at,
    )


def _next_at(attempt: Attempt, attempts: int) -> datetime:
    usual = attempt.at + (pause_after(attempts) or BACKOFF[-1])
    return min(attempt.next_at or usual, attempt.at + LONGEST_PAUSE)


def _kept(attempt: Attempt) -> dict[str, Any]:
    return {
        "delivery_id": attempt.delivery.id,
        "number": attempt.delivery.attempted + 1,
        "at": attempt.at,
        "outcome": attempt.outcome.value,
        "status": attempt.status,
        "answer": kept_answer(attempt.answer if attempt.answer is not None else attempt.error),
        "seconds": attempt.seconds,
    }
