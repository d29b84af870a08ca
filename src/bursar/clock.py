"""The only source of the current time. Services take an instant as an argument; their callers read
it here."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, time, timedelta

FOREVER = datetime(9999, 12, 31, tzinfo=UTC)
NEVER = datetime(1970, 1, 1, tzinfo=UTC)

_frozen: datetime | None = None
_ahead: ContextVar[timedelta] = ContextVar("ahead", default=timedelta())


def now() -> datetime:
    """The current instant, aware and in UTC; of the sandbox, in what is done for one."""
    return real_now() + _ahead.get()


def real_now() -> datetime:
    """The same for what no sandbox changes, such as how long an Idempotency-Key is known."""
    return _frozen if _frozen is not None else datetime.now(UTC)


def ahead() -> timedelta:
    """By how much `now` is ahead here."""
    return _ahead.get()


@contextmanager
def ahead_by(span: timedelta) -> Iterator[None]:
    """In the block, and in this thread or task only, `now` is ahead by this."""
    token = _ahead.set(span)
    try:
        yield
    finally:
        _ahead.reset(token)


@contextmanager
def frozen_at(instant: datetime) -> Iterator[None]:
    """Makes `now` return this instant in every thread. It is for `--now` and for tests."""
    global _frozen  # noqa: PLW0603 - the clock is the process's one piece of global time
    before, _frozen = _frozen, instant.astimezone(UTC)
    try:
        yield
    finally:
        _frozen = before


def format_instant(instant: datetime) -> str:
    """The instant in ISO 8601, in UTC with `Z`, with microseconds only when they are not zero."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_instant(text: str) -> datetime:
    """Parses ISO 8601 with any offset; without one, the instant is UTC. Raises ValueError."""
    value = datetime.fromisoformat(text.strip())
    try:
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise ValueError("in UTC it is before the year 1 or after 9999") from None


def last_moment(end: datetime) -> str:
    """How people are told of an end: `31 December 2026, 23:59 UTC`, to the minute.

    At its end a thing is over. An end at midnight is therefore told as the last minute of the day
    before, because whoever reads the date of a day believes that this day still counts.
    """
    told = end.astimezone(UTC)
    if told.time() == time():
        told -= timedelta(minutes=1)
    return f"{told.day} {told:%B %Y, %H:%M} UTC"
