"""Reads a token request (RFC 6749 sections 2.3.1, 4.4.2 and 5.2). Reads no database."""

import base64
import binascii
from collections import Counter
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote_plus

FORM = "application/x-www-form-urlencoded"
MAX_BODY_BYTES = 32 * 1024
_ONCE_ONLY = frozenset({"grant_type", "client_id", "client_secret", "token_type"})


class TokenError(Exception):
    """A refusal as RFC 6749 section 5.2 words it."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description

    @property
    def status(self) -> int:
        return 401 if self.error == "invalid_client" else 400


@dataclass(frozen=True, slots=True)
class TokenRequest:
    client_id: str
    secret: str


def read_token_request(
    *, content_type: str | None, authorization: str | None, body: bytes
) -> TokenRequest:
    """Raises TokenError. A parameter without a value counts as absent."""
    form = _read_form(content_type, body)
    _check_grant(form)
    request = _credentials(form, _read_basic(authorization))
    # No client id holds a NUL, and PostgreSQL would not even compare one.
    return TokenRequest(request.client_id.replace("\x00", "\ufffd"), request.secret)


def _read_form(content_type: str | None, body: bytes) -> dict[str, str]:
    if (content_type or "").partition(";")[0].strip().lower() != FORM:
        raise _invalid_request(f"The body must be {FORM}.")
    if len(body) > MAX_BODY_BYTES:
        raise _invalid_request("The body is too large.")
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=100
        )
    except ValueError:
        raise _invalid_request("The body cannot be read.") from None
    counts = Counter(name for name, _ in pairs)
    for name in sorted(_ONCE_ONLY):
        if counts[name] > 1:
            raise _invalid_request(f"{name} is given more than once.")
    return {name: value for name, value in pairs if value}


def _check_grant(form: dict[str, str]) -> None:
    grant_type = form.get("grant_type")
    if grant_type is None:
        raise _invalid_request("grant_type is missing.")
    if grant_type != "client_credentials":
        raise TokenError("unsupported_grant_type", "grant_type must be client_credentials.")
    if form.get("token_type", "jwt").lower() not in {"jwt", "bearer"}:
        raise _invalid_request("token_type must be jwt.")


def _credentials(form: dict[str, str], basic: TokenRequest | None) -> TokenRequest:
    client_id, secret = form.get("client_id"), form.get("client_secret")
    if basic is not None:
        if secret is not None or client_id not in {None, basic.client_id}:
            raise _invalid_request("The client authenticates in more than one way.")
        return basic
    if client_id is None or secret is None:
        raise TokenError("invalid_client", "Client credentials were not provided.")
    return TokenRequest(client_id, secret)


def _read_basic(authorization: str | None) -> TokenRequest | None:
    """None without the header, or with another scheme: those say nothing about the client."""
    scheme, _, encoded = (authorization or "").strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
        raw_id, colon, raw_secret = text.partition(":")
        client_id = unquote_plus(raw_id, errors="strict")
        secret = unquote_plus(raw_secret, errors="strict")
    except (binascii.Error, ValueError):
        raise _malformed_basic() from None
    if not colon or not client_id or not secret:
        raise _malformed_basic()
    return TokenRequest(client_id, secret)


def _malformed_basic() -> TokenError:
    return TokenError("invalid_client", "The Authorization header cannot be read.")


def _invalid_request(description: str) -> TokenError:
    return TokenError("invalid_request", description)
