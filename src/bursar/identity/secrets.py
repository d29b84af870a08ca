"""Client secrets: made here, kept as argon2id hashes (OWASP: 19 MiB, 2 passes, 1 lane)."""

import secrets
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Two at once: a burst of token requests takes 38 MiB, however many threads serve it.
_SLOTS = BoundedSemaphore(2)
_NOBODYS_HASH = (
    "$argon2id$v=19$m=19456,t=2,p=1"
    "$+sDLY+505CvZfmjSW7Zoxg$SFK7TBFkjYgOT8h2EP+jf9N2qrQG8xbir6npMLth4KY"
)


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    with _SLOTS:
        return _HASHER.hash(_bytes(secret))


def verify_secret(hashed: str, secret: str) -> bool:
    with _SLOTS:
        try:
            return _HASHER.verify(hashed, _bytes(secret))
        except (VerificationError, InvalidHashError):
            return False


def burn_time() -> None:
    """Takes as long as one verification, for a client that has nothing to verify."""
    verify_secret(_NOBODYS_HASH, "")


def _bytes(secret: str) -> bytes:
    return secret.encode("utf-8", "surrogatepass")
