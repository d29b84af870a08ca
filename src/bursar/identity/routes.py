"""The token endpoint and the key set, as plain functions: what comes in, what goes out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bursar import clock
from bursar.database.engine import Database
from bursar.identity import service, throttle
from bursar.identity.token_request import TokenError, TokenRequest, read_token_request
from bursar.identity.tokens import KeyRing
from bursar.settings import Settings
from bursar.web.errors import Throttled

SCOPE = "read write profile email"
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="api"'}


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """`body` is to be sent as JSON."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)


def token_response(
    database: Database,
    ring: KeyRing,
    settings: Settings,
    *,
    content_type: str | None,
    authorization: str | None,
    body: bytes,
    address: str,
) -> TokenAnswer:
    """Takes tens of milliseconds of one core. No connection is held meanwhile."""
    try:
        request = read_token_request(
            content_type=content_type, authorization=authorization, body=body
        )
        roles = _authenticated_roles(database, settings, request, address)
    except TokenError as refusal:
        return _refused(refusal)
    except Throttled as refusal:
        return _answer(refusal.status, refusal.body, refusal.headers)
    token, lifetime = ring.issue(request.client_id, roles)
    return _answer(
        200,
        {"access_token": token, "token_type": "JWT", "expires_in": lifetime, "scope": SCOPE},
    )


def jwks_answer(ring: KeyRing) -> TokenAnswer:
    return TokenAnswer(200, ring.jwks(), {"Cache-Control": "public, max-age=300"})


def _authenticated_roles(
    database: Database, settings: Settings, request: TokenRequest, address: str
) -> Mapping[Any, str]:
    """Raises TokenError or Throttled."""
    client_id, now = request.client_id, clock.now()
    with database.read() as connection:
        wait = throttle.seconds_to_wait(
            connection, client_id, address, now=now, limit=settings.token_failures_per_minute
        )
        if wait:
            raise Throttled(wait)
        credentials = service.find_credentials(connection, client_id)
    if not service.authenticate(credentials, request.secret) or credentials is None:
        with database.transaction() as session:
            throttle.note_failure(session, client_id, address, now=now)
        raise TokenError("invalid_client", "Invalid client credentials.")
    with database.read() as connection:
        return service.find_roles(connection, credentials.client_uuid)


def _refused(refusal: TokenError) -> TokenAnswer:
    body = {"error": refusal.error, "error_description": refusal.description}
    return _answer(refusal.status, body, _CHALLENGE if refusal.status == 401 else None)


def _answer(
    status: int, body: dict[str, Any], headers: Mapping[str, str] | None = None
) -> TokenAnswer:
    return TokenAnswer(status, body, {**_NO_STORE, **(headers or {})})
