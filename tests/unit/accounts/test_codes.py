"""Codes of apps and recovery codes, as pure decisions."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4

import pyotp
import pytest

from bursar.accounts.codes import (
    address_of,
    is_of_app,
    new_key,
    new_recovery_codes,
    recovery_digest,
    seconds_to_wait_for,
    step_of,
    tidied,
)

NOW = datetime(2026, 11, 28, 12, 0, 15, tzinfo=UTC)
STEP = int(NOW.timestamp()) // 30
RFC_KEY = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""`12345678901234567890`, the key of the examples in RFC 6238."""
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def code(step: int, key: str = RFC_KEY) -> str:
    return pyotp.TOTP(key).generate_otp(step)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_the_rfc(seconds: int, expected: str) -> None:
    at = datetime.fromtimestamp(seconds, UTC)
    assert step_of(RFC_KEY, expected, at, after=None) == seconds // 30


@pytest.mark.parametrize(
    ("away", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_a_code_is_good_for_a_period_before_and_behind(away: int, taken: bool) -> None:
    found = step_of(RFC_KEY, code(STEP + away), NOW, after=None)
    assert found == (STEP + away if taken else None)


def test_no_code_up_to_the_newest_one_is_taken_again() -> None:
    assert step_of(RFC_KEY, code(STEP), NOW, after=STEP) is None
    assert step_of(RFC_KEY, code(STEP - 1), NOW, after=STEP) is None
    assert step_of(RFC_KEY, code(STEP + 1), NOW, after=STEP) == STEP + 1


@pytest.mark.parametrize(
    "typed", ["", "12345", "1234567", "abcdef", "１２３４５６", "123 45é", "12345\n"]
)
def test_what_is_no_code_of_an_app(typed: str) -> None:
    assert not is_of_app(tidied(typed))
    assert step_of(RFC_KEY, typed, NOW, after=None) is None


def test_blanks_and_dashes_are_for_people() -> None:
    assert is_of_app(tidied(" 123 456 "))
    user = uuid4()
    assert recovery_digest(user, "ABCD-efgh ijkm-npqr") == recovery_digest(user, "abcdefghijkmnpqr")


def test_an_app_reads_whose_key_it_is() -> None:
    key = new_key()
    address = urlsplit(address_of(key, "ada@example.org", "Acme & Co"))
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert unquote(address.path) == "/Acme & Co:ada@example.org"
    assert parse_qs(address.query) == {"secret": [key], "issuer": ["Acme & Co"]}
    assert len(key) == 32


def test_recovery_codes_are_long_and_never_the_same() -> None:
    codes = [each for _ in range(20) for each in new_recovery_codes()]
    assert len(set(codes)) == 200
    for each in codes:
        assert len(tidied(each)) == 16
        assert not set(each) & set("01lo")
        assert not is_of_app(tidied(each))
    assert recovery_digest(uuid4(), codes[0]) != recovery_digest(uuid4(), codes[0])


@pytest.mark.parametrize(
    ("failures", "minutes"), [(4, 0), (5, 1), (6, 2), (7, 4), (10, 32), (11, 60), (500, 60)]
)
def test_guessing_costs_ever_more_time(failures: int, minutes: int) -> None:
    assert seconds_to_wait_for(failures, NOW, NOW) == minutes * 60
    over = NOW + minutes * MINUTE
    assert seconds_to_wait_for(failures, NOW, over) == 0
    if minutes:
        assert seconds_to_wait_for(failures, NOW, over - SECOND / 2) == 1


def test_after_a_quiet_day_guesses_are_forgiven() -> None:
    assert seconds_to_wait_for(500, NOW, NOW + timedelta(days=1)) == 0
    assert seconds_to_wait_for(0, None, NOW) == 0
