"""Client secrets: made here, kept as argon2id hashes (OWASP: 19 MiB, 2 passes, 1 lane)."""

import os
import secrets
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
YIELDING: Final = 10
"""The nice value of the threads in which hashes are made. A flood of token requests keeps them
busy, and whatever else the process does must not wait for them."""


def _yield_to_others() -> None:
    # On Linux a nice value is a thread's own; elsewhere it would be that of the whole process.
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), YIELDING)


# Two at once: a burst of token requests takes 38 MiB, however many threads serve it.
_THREADS = ThreadPoolExecutor(2, "secrets", initializer=_yield_to_others)
_NOBODYS_HASH = (
    "$argon2id$v=19$m=19456,t=2,p=1"
    "$+sDLY+505CvZfmjSW7Zoxg$SFK7TBFkjYgOT8h2EP+jf9N2qrQG8xbir6npMLth4KY"
)


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    return _THREADS.submit(_HASHER.hash, _bytes(secret)).result()


def verify_secret(hashed: str, secret: str) -> bool:
    try:
        return _THREADS.submit(_HASHER.verify, hashed, _bytes(secret)).result()
    except (VerificationError, InvalidHashError):
        return False


def burn_time() -> None:
    """Takes as long as one verification, for a client that has nothing to verify."""
    verify_secret(_NOBODYS_HASH, "")


def _bytes(secret: str) -> bytes:
    return secret.encode("utf-8", "surrogatepass")
