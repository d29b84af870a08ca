from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.connectors.openedx.answers import (
    EnrollmentAnswer,
    PassingTrouble,
    TokenAnswer,
    answer_of,
    message_in,
    outcome_of_ending,
    outcome_of_enrolling,
    retry_after_of,
    seconds_to_keep,
)

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
Content = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["message", "x"]), inner),
)


@given(status=st.integers(100, 599), body=st.binary() | Content.map(msgspec.json.encode))
def test_any_answer_is_an_outcome_or_passing_trouble(status: int, body: bytes) -> None:
    try:
        answer = answer_of(status, body, None, EnrollmentAnswer)
    except PassingTrouble:
        return
    for outcome in (outcome_of_enrolling(answer), outcome_of_ending(answer)):
        assert outcome.is_good or outcome.error


@given(message=st.text() | st.emails() | st.tuples(st.text(), st.emails()).map(" ".join))
def test_a_reason_is_one_short_line_without_an_address(message: str) -> None:
    reason = message_in(msgspec.json.encode({"message": message}))
    assert "@" not in reason
    assert reason.isprintable()
    assert len(reason) <= 200


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b'"x"', b'{"message": 5}', b"[" * 100_000])
def test_what_is_no_reason_is_none(body: bytes) -> None:
    assert message_in(body) == ""


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
def test_these_may_pass(status: int) -> None:
    with pytest.raises(PassingTrouble) as raised:
        answer_of(status, b"{}", 3.0, EnrollmentAnswer)
    assert raised.value.retry_after == 3.0
    assert raised.value.is_throttle == (status == 429)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("²", None),
        ("0", 0.0),
        (" 17 ", 17.0),
        ("9" * 5000, 86_400.0),
        ("Tue, 24 Nov 2026 02:01:30 GMT", 90.0),
        ("Tue, 24 Nov 2026 02:01:30 -0000", 90.0),
        ("Tue, 24 Nov 2026 01:00:00 GMT", 0.0),
        ("Tue, 24 Nov 2099 01:00:00 GMT", 86_400.0),
        ("Tue, 99 Nov 2026 01:00:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_of(header, NOW) == seconds


@given(st.text())
def test_any_retry_after_is_read_or_left_aside(header: str) -> None:
    seconds = retry_after_of(header, NOW)
    assert seconds is None or 0 <= seconds <= 86_400


@pytest.mark.parametrize(
    ("life", "kept"), [(3600.0, 3540.0), (300.0, 270.0), (10.0, 9.0), (0.0, 0.0), (-5.0, 0.0)]
)
def test_a_token_is_renewed_shortly_before_its_end(life: float, kept: float) -> None:
    assert seconds_to_keep(TokenAnswer("x", life)) == kept


@pytest.mark.parametrize("token", ["", "a b", "a\r\nb", "é", 7, None])
def test_a_token_that_fits_no_header_is_unreadable(token: Any) -> None:
    with pytest.raises(PassingTrouble):
        answer_of(200, msgspec.json.encode({"access_token": token}), None, TokenAnswer)
