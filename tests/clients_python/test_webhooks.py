import base64
import json
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from bursar_client import InvalidSignature
from bursar_client.webhooks import verify

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()
OTHER = "whsec_" + base64.b64encode(b"fedcba9876543210fedcba98").decode()
SENT = datetime(2026, 11, 27, 12, tzinfo=UTC)
NOW = SENT.timestamp()
BODY = json.dumps(
    {"id": "evt_1", "type": "license.assigned", "timestamp": "2026-11-27T12:00:00Z", "data": {}}
).encode()


def _headers(secret: str = SECRET, body: bytes = BODY) -> dict[str, str]:
    """As the library of Standard Webhooks signs."""
    return {
        "Webhook-Id": "evt_1",
        "Webhook-Timestamp": str(int(NOW)),
        "Webhook-Signature": Webhook(secret).sign("evt_1", SENT, body.decode()),
    }


def test_what_the_sender_signed() -> None:
    event = verify(BODY, _headers(), SECRET, now=NOW)
    assert (event.id, event.type, event.timestamp) == ("evt_1", "license.assigned", SENT)


def test_one_of_two_secrets_and_of_two_signatures() -> None:
    both = _headers(OTHER)["Webhook-Signature"] + " " + _headers()["Webhook-Signature"]
    headers = _headers() | {"Webhook-Signature": both}
    assert verify(BODY, headers, SECRET, now=NOW).id == "evt_1"
    assert verify(BODY, _headers(OTHER), [SECRET, OTHER], now=NOW).id == "evt_1"


@pytest.mark.parametrize("name", ["Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"])
def test_a_header_is_missing(name: str) -> None:
    headers = _headers()
    del headers[name]
    with pytest.raises(InvalidSignature, match=name.lower()):
        verify(BODY, headers, SECRET, now=NOW)


@pytest.mark.parametrize(
    "changed",
    [
        {"Webhook-Id": "evt_2"},
        {"Webhook-Timestamp": str(int(NOW) + 1)},
        {"Webhook-Timestamp": "²"},
        {"Webhook-Signature": "v1,AAAA"},
        {"Webhook-Signature": ""},
        {"Webhook-Signature": "v1,é"},
    ],
)
def test_something_was_changed(changed: dict[str, str]) -> None:
    with pytest.raises(InvalidSignature):
        verify(BODY, _headers() | changed, SECRET, now=NOW)


def test_another_version_another_body_another_secret() -> None:
    asymmetric = {"Webhook-Signature": _headers()["Webhook-Signature"].replace("v1", "v1a")}
    for body, headers, secret in (
        (BODY, _headers() | asymmetric, SECRET),
        (BODY + b" ", _headers(), SECRET),
        (BODY, _headers(), OTHER),
    ):
        with pytest.raises(InvalidSignature):
            verify(body, headers, secret, now=NOW)


@pytest.mark.parametrize("later", [-301, 301])
def test_too_old_or_from_the_future(later: int) -> None:
    with pytest.raises(InvalidSignature, match="too old"):
        verify(BODY, _headers(), SECRET, now=NOW + later)


def test_a_secret_that_is_none() -> None:
    with pytest.raises(ValueError, match="whsec_"):
        verify(BODY, _headers(), "not base64!", now=NOW)
