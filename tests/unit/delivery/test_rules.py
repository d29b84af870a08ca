from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.delivery.channel import AttemptOutcome, QueuedDelivery
from bursar.delivery.rules import (
    BACKOFF,
    delivered,
    failed,
    one_line,
    pause_after,
    without_addresses,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
NIL = UUID(int=0)


def mail(attempts: int) -> QueuedDelivery:
    return QueuedDelivery(1, NIL, NIL, "kind", NIL, "ann@example.org", {}, attempts, NOW)


def test_pauses_grow_and_end() -> None:
    pauses = [pause_after(attempts) for attempts in range(1, 9)]
    assert [pause and pause.total_seconds() / 60 for pause in pauses] == [
        1, 5, 15, 60, 240, 720, 1440, None,
    ]  # fmt: skip


@given(st.integers(0, 100))
def test_a_failure_is_final_once_no_pause_is_left(attempts: int) -> None:
    attempt = failed(mail(attempts), NOW, "451 later")
    is_final = attempt.outcome == AttemptOutcome.FAILED
    assert is_final == (attempts >= len(BACKOFF))
    assert failed(mail(attempts), NOW, "550 no", for_good=True).outcome == AttemptOutcome.FAILED


def test_an_attempt_that_succeeds_has_no_error() -> None:
    attempt = delivered(mail(3), NOW)
    assert (attempt.outcome, attempt.error, attempt.at) == (AttemptOutcome.DELIVERED, None, NOW)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("550 <ann@example.org> unknown", "550 <(address)> unknown"),
        ("no such user: o'brien+x@example.org.", "no such user: (address)"),
        ("451 greylisted\r\nsee x@y", "451 greylisted see (address)"),
        ("nothing\x00 to\thide", "nothing to hide"),
    ],
)
def test_errors_lose_their_addresses(text: str, told: str) -> None:
    assert without_addresses(text) == told


@given(st.text())
def test_one_line_is_one_line_of_what_can_be_seen(text: str) -> None:
    line = one_line(text)
    assert line.isprintable()
    assert len(line.splitlines()) <= 1
    assert one_line(line) == line


@given(st.text(max_size=50), st.text(max_size=50))
def test_no_error_keeps_an_address(before: str, after: str) -> None:
    error = failed(mail(0), NOW, f"{before} ann@example.org {after}").error
    assert error is not None
    assert "ann@example.org" not in error
