"""Pure decisions about codes: those of apps (RFC 6238) and those for whoever has lost the app."""

import hmac
import re
import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

import pyotp

from bursar.accounts.commands import RECOVERY_CODES

_OF_APP: Final = re.compile(r"[0-9]{6}")
_BETWEEN: Final = re.compile(r"[\s-]+")
_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"
"""None that is taken for another: 32 of them, so that 16 are 80 random bits."""
_GROUPS: Final = 4
_FREE: Final = 5
"""So many wrong codes in a row cost no time."""
_LONGEST_WAIT: Final = timedelta(hours=1)
_FORGIVEN: Final = timedelta(days=1)


def new_key() -> str:
    return pyotp.random_base32()


def address_of(key: str, email: str, issuer: str) -> str:
    """The `otpauth:` address that an app reads from a QR code."""
    return pyotp.TOTP(key).provisioning_uri(name=email, issuer_name=issuer)


def tidied(typed: str) -> str:
    """What somebody typed, without the blanks and dashes that make it readable."""
    return _BETWEEN.sub("", typed).lower()


def is_of_app(code: str) -> bool:
    return _OF_APP.fullmatch(code) is not None


def step_of(key: str, code: str, at: datetime, *, after: int | None) -> int | None:
    """The period of a right code: this one, or that before or behind, because clocks differ and
    people type. None for a wrong code, and for one of a period up to `after`."""
    app = pyotp.TOTP(key)
    now = app.timecode(at)
    fitting = [
        step
        for step in (now - 1, now, now + 1)
        if hmac.compare_digest(app.generate_otp(step).encode(), code.encode())
        and (after is None or step > after)
    ]
    return max(fitting, default=None)


def new_recovery_codes() -> list[str]:
    return [
        "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(_GROUPS))
        for _ in range(RECOVERY_CODES)
    ]


def recovery_digest(user_uuid: UUID, code: str) -> str:
    """How a recovery code is stored: it is made of 80 random bits, so that one hash is enough."""
    text = f"bursar console recovery\0{user_uuid}\0{tidied(code)}"
    return sha256(text.encode(errors="replace")).hexdigest()


def seconds_to_wait_for(failures: int, failed_at: datetime | None, at: datetime) -> int:
    """Until another code of the app is looked at: a minute after the fifth wrong one in a row, and
    twice as long after each further one, up to an hour. So whoever has the password too can try
    some thirty of a million codes a day, from wherever they ask."""
    if failed_at is None or failures < _FREE or at - failed_at >= _FORGIVEN:
        return 0
    doubled = timedelta(minutes=2 ** min(failures - _FREE, 6))
    left = failed_at + min(doubled, _LONGEST_WAIT) - at
    return max(0, -(-left // timedelta(seconds=1)))
