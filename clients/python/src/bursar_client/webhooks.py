"""Webhooks that a server sends, checked as Standard Webhooks 1.0 says."""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Mapping, Sequence

from bursar_client.errors import InvalidSignature
from bursar_client.models.events import Event
from bursar_client.values import decode, read

PREFIX = "whsec_"
TOLERANCE_SECONDS = 300


def verify(
    body: bytes,
    headers: Mapping[str, str],
    secret: str | Sequence[str],
    *,
    now: float | None = None,
) -> Event:
    """The event, if one of the secrets signed exactly these bytes within the last five minutes.

    Give the body as it came, before anything parsed it. `event.id` is the same in each delivery
    of an event: keep it, and do nothing for one that you had before.
    """
    found = {name.lower(): value for name, value in headers.items()}
    identifier, timestamp, signatures = (
        _header(found, f"webhook-{name}") for name in ("id", "timestamp", "signature")
    )
    _check_time(timestamp, time.time() if now is None else now)
    signed = f"{identifier}.{timestamp}.".encode() + body
    secrets = [secret] if isinstance(secret, str) else secret
    expected = [_signature(key, signed) for key in secrets]
    if not any(_matches(given, expected) for given in signatures.split(" ")):
        raise InvalidSignature("No signature of the webhook matches.")
    return read(Event, decode(body))


def _header(headers: Mapping[str, str], name: str) -> str:
    if not headers.get(name):
        raise InvalidSignature(f"The header {name} is missing.")
    return headers[name]


def _check_time(timestamp: str, now: float) -> None:
    if not timestamp.isascii() or not timestamp.isdigit():
        raise InvalidSignature("The header webhook-timestamp is no number.")
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        raise InvalidSignature("The webhook is too old, or the clocks differ.")


def _signature(secret: str, signed: bytes) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("The secret of a webhook is whsec_ and Base64.") from error
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256))


def _matches(given: str, expected: Sequence[bytes]) -> bool:
    version, _, signature = given.partition(",")
    sent = signature.encode(errors="replace")
    # Each is compared, so that the time does not tell which secret it was.
    found = [hmac.compare_digest(sent, one) for one in expected]
    return version == "v1" and any(found)
