"""The answers of the token endpoint and of the key set. Knows no web server."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bursar.api.token_requests import TokenError, read_token_request
from bursar.database.engine import Database
from bursar.identity.keys import NoSigningKey
from bursar.identity.service import (
    FailureLimits,
    InvalidCredentials,
    TooManyFailures,
    authenticate_client,
)
from bursar.identity.tokens import CLOSED_HINT, KeyRing
from bursar.settings import Settings
from bursar.tenancy import NotAuthenticated
from bursar.web.errors import Refusal, Throttled
from bursar.web.readiness import Readiness

SCOPE = "read write profile email"
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="api"'}


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """An answer whose body is to be sent as JSON."""

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
    """Answers as RFC 6749 says. No connection is held while a secret is verified."""
    try:
        request = read_token_request(
            content_type=content_type, authorization=authorization, body=body
        )
        roles = authenticate_client(
            database,
            request.client_id,
            request.secret,
            address,
            limits=FailureLimits(
                for_client=settings.token_failures_per_minute,
                for_address=settings.token_failures_per_address,
                in_all=settings.token_failures_in_all,
            ),
        )
    except TokenError as refusal:
        return _refused(refusal)
    except InvalidCredentials:
        return _refused(TokenError("invalid_client", "Invalid client credentials."))
    except TooManyFailures as refusal:
        return without_verifying(Throttled(refusal.seconds_to_wait))
    try:
        token, lifetime = ring.issue(request.client_id, roles)
    except NoSigningKey as error:
        return _answer(503, {"detail": str(error)}, {"Retry-After": "30"})
    return _answer(
        200,
        {"access_token": token, "token_type": "JWT", "expires_in": lifetime, "scope": SCOPE},
    )


def without_verifying(refusal: Refusal) -> TokenAnswer:
    """The answer to a request whose secret was not looked at."""
    return _answer(refusal.status, refusal.body, refusal.headers)


def jwks_answer(ring: KeyRing) -> TokenAnswer:
    return TokenAnswer(200, ring.jwks(), {"Cache-Control": "public, max-age=300"})


def readiness_of_tokens(ring: KeyRing) -> Readiness:
    """Proves that tokens can be issued and verified here. Raises SQLAlchemy's errors."""
    problem: str | None = None
    errors: tuple[str, ...] = ()
    try:
        ring.prove()
    except NoSigningKey as error:
        problem = str(error)
    except NotAuthenticated as error:
        problem = f"A token that was issued here is refused here: {error.reason}"
    if ring.closed:
        errors = (f"Signing keys cannot be opened: {', '.join(ring.closed)}. {CLOSED_HINT}.",)
    return Readiness(problem, errors)


def _refused(refusal: TokenError) -> TokenAnswer:
    body = {"error": refusal.error, "error_description": refusal.description}
    return _answer(refusal.status, body, _CHALLENGE if refusal.status == 401 else None)


def _answer(
    status: int, body: dict[str, Any], headers: Mapping[str, str] | None = None
) -> TokenAnswer:
    return TokenAnswer(status, body, {**_NO_STORE, **(headers or {})})
