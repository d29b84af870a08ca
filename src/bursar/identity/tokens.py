"""Access tokens: JWTs signed with ES256, by keys that all processes share through the database."""

import base64
import hashlib
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Any, Final
from uuid import UUID, uuid4

import msgspec
import structlog
from cachetools import LRUCache
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet

from bursar import clock
from bursar.database.engine import Database
from bursar.identity.keys import (
    ALGORITHM,
    LiveKey,
    LiveKeys,
    NoSigningKey,
    ensure_signing_key,
    is_young,
    load_keys,
)
from bursar.identity.secret_file import seal_of
from bursar.settings import Settings
from bursar.tenancy import NotAuthenticated

MAX_TOKEN_LENGTH: Final = 8 * 1024
MAX_ROLES_IN_TOKEN: Final = 64
IAT_LEEWAY_SECONDS: Final = 60
RELOAD_SECONDS: Final = 30.0
CACHE_SIZE: Final = 10_000

CLOSED_HINT: Final = (
    "BURSAR_SECRET_KEY of this process does not open these keys: give it the secret that sealed "
    "them, behind its own and separated by a comma, and start it again"
)
_PROBE: Final = "readiness"
"""The client id of tokens that never leave the process."""

_log = structlog.get_logger(__name__)

_COMPACT = re.compile(r"([A-Za-z0-9_-]{1,512})\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)


class _Header(msgspec.Struct, forbid_unknown_fields=True):
    """All that our own tokens carry: anything else was not signed by us."""

    alg: str
    kid: str
    typ: str = "JWT"


@dataclass(frozen=True, slots=True)
class _Verified:
    client_id: str
    expires: int
    kid: str


class KeyRing:
    """Signs and verifies. Any method may read the database, so a caller holds no connection."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        # Reloads follow real seconds: with a clock that stands still, revocation still works.
        self._monotonic = monotonic
        self._database = database
        self._settings = settings
        self._seal = seal_of(database, settings)
        self._lock = Lock()
        self._live = LiveKeys()
        self._keys: Mapping[str, LiveKey] = {}
        self._loaded_at = float("-inf")
        self._cache: LRUCache[bytes, _Verified] = LRUCache(CACHE_SIZE)
        self._cache_lock = Lock()

    def issue(self, client_id: str, roles: Mapping[UUID, str]) -> tuple[str, int]:
        """The token and the seconds it lives.

        Above 64 enterprises the claim `roles` is left out, so that the token fits a header: what
        a client may do is read from the database at every request, never from its token.
        Raises NoSigningKey.
        """
        now = clock.now()
        token = self._sign(self._signing_key(now), client_id, roles, now)
        return token, self._settings.token_ttl

    def verify(self, token: str) -> str:
        """The client id of a good token. Raises NotAuthenticated, whatever the token is."""
        if len(token) > MAX_TOKEN_LENGTH or not token.isascii():
            raise _invalid()
        keys = self._fresh(RELOAD_SECONDS)
        fingerprint = hashlib.sha256(token.encode()).digest()
        # A lock of its own: a token that is known does not wait while keys are read.
        with self._cache_lock:
            verified = self._cache.get(fingerprint)
        if verified is None or verified.kid not in keys:
            verified = self._verify_signed(token)
            with self._cache_lock:
                self._cache[fingerprint] = verified
        if clock.now().timestamp() >= verified.expires:
            raise _expired()
        return verified.client_id

    def prove(self) -> None:
        """Issues a token and verifies it, with the keys that are stored now; writes nothing.

        Raises NoSigningKey, and NotAuthenticated when a token of ours is not accepted.
        """
        self._fresh(0)
        key = self._live.signing
        if key is None:
            # The first token makes the first key, unless there is no way to seal it.
            if self._live.closed and not self._seal.secrets:
                raise NoSigningKey
            return
        self._verify_signed(self._sign(key, _PROBE, {}, clock.now()))

    @property
    def closed(self) -> tuple[str, ...]:
        """The ids of live keys that could not be opened when the keys were last read."""
        return self._live.closed

    def jwks(self) -> dict[str, Any]:
        """RFC 7517; public halves only."""
        if not self._fresh(RELOAD_SECONDS):
            self._signing_key(clock.now())
        keys: list[Key] = [live.key for live in self._keys.values()]
        return dict(KeySet(keys).as_dict(private=False, use="sig", alg=ALGORITHM))

    def _verify_signed(self, token: str) -> _Verified:
        kid = _kid_of(token)
        # Another process may have made the key a moment ago: only what is read now can tell.
        key = self._keys.get(kid) or self._fresh(0).get(kid)
        if key is None:
            raise _invalid()
        try:
            claims = jwt.decode(token, key.key, algorithms=[ALGORITHM]).claims
        except (JoseError, ValueError):
            raise _invalid() from None
        client_id, expires = check_claims(claims, self._settings, clock.now())
        return _Verified(client_id, expires, kid)

    def _signing_key(self, now: datetime) -> LiveKey:
        # Issuing is rare and slow anyway: it looks every time, so a revoked key never signs.
        self._fresh(0)
        key = self._live.signing
        if key is None or not is_young(key.created_at, now, self._settings.signing_key_days):
            with self._database.transaction() as session:
                ensure_signing_key(
                    session, at=now, days=self._settings.signing_key_days, seal=self._seal
                )
            self._fresh(0)
            key = self._live.signing
        if key is None:
            raise RuntimeError("every signing key was revoked while one was being made")
        return key

    def _sign(self, key: LiveKey, client_id: str, roles: Mapping[UUID, str], now: datetime) -> str:
        header = {"alg": ALGORITHM, "kid": key.kid, "typ": "JWT"}
        claims = _claims_for(self._settings, client_id, roles, now)
        return jwt.encode(header, claims, key.key, algorithms=[ALGORITHM])

    def _fresh(self, seconds: float) -> Mapping[str, LiveKey]:
        """Keys that were read at most so many seconds before this call.

        Calls that wait for one another share a read, so that unknown keys cannot pile reads up.
        """
        oldest = self._monotonic() - seconds
        if self._loaded_at > oldest:
            return self._keys
        with self._lock:
            if self._loaded_at <= oldest:
                started = self._monotonic()
                with self._database.read() as connection:
                    self._take(load_keys(connection, self._seal))
                self._loaded_at = started
            return self._keys

    def _take(self, live: LiveKeys) -> None:
        # One line for each change, and not for each read.
        if live.closed and live.closed != self._live.closed:
            _log.error("keys.closed", kids=list(live.closed), hint=CLOSED_HINT)
        self._live = live
        self._keys = {key.kid: key for key in live.usable}


def expiry_of(token: str) -> datetime:
    """When a token expires that `KeyRing.verify` has found good. Raises NotAuthenticated for a
    text that is no token."""
    try:
        payload = token.split(".")[1]
        decoded = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        return datetime.fromtimestamp(msgspec.json.decode(decoded)["exp"], UTC)
    except (IndexError, KeyError, TypeError, ValueError, msgspec.MsgspecError):
        raise _invalid() from None


def check_claims(claims: Mapping[str, Any], settings: Settings, now: datetime) -> tuple[str, int]:
    """The client id and the instant of expiry. Raises NotAuthenticated."""
    subject, expires, issued = claims.get("sub"), claims.get("exp"), claims.get("iat")
    if type(expires) is not int or type(issued) is not int:
        raise _invalid()
    if claims.get("iss") != settings.token_issuer or claims.get("aud") != settings.token_audience:
        raise _invalid()
    if not isinstance(subject, str) or not subject:
        raise _invalid()
    if issued > now.timestamp() + IAT_LEEWAY_SECONDS:
        raise _invalid()
    if now.timestamp() >= expires:
        raise _expired()
    return subject, expires


def _claims_for(
    settings: Settings, client_id: str, roles: Mapping[UUID, str], now: datetime
) -> dict[str, Any]:
    issued = int(now.timestamp())
    claims: dict[str, Any] = {
        "iss": settings.token_issuer,
        "aud": settings.token_audience,
        "sub": client_id,
        "client_id": client_id,
        "exp": issued + settings.token_ttl,
        "iat": issued,
        "jti": str(uuid4()),
    }
    if len(roles) <= MAX_ROLES_IN_TOKEN:
        claims["roles"] = {str(enterprise): role for enterprise, role in roles.items()}
    return claims


def _kid_of(token: str) -> str:
    shape = _COMPACT.fullmatch(token)
    if shape is None:
        raise _invalid()
    encoded = shape[1]
    try:
        decoded = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        header = msgspec.json.decode(decoded, type=_Header)
    except (ValueError, msgspec.MsgspecError, RecursionError):
        raise _invalid() from None
    if header.alg != ALGORITHM or header.typ != "JWT":
        raise _invalid()
    return header.kid


def _invalid() -> NotAuthenticated:
    return NotAuthenticated("Invalid token.")


def _expired() -> NotAuthenticated:
    return NotAuthenticated("Token has expired.")
