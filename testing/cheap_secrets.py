"""Client secrets whose hashes take no time: a test that opens an enterprise makes some, and two
thirds of what it takes would be theirs. That the real ones take long is a test of its own."""

from typing import Final

from argon2 import PasswordHasher

from bursar.identity import secrets

REAL_HASHER: Final = secrets._HASHER
REAL_NOBODYS_HASH: Final = secrets._NOBODYS_HASH


def make_secrets_cheap() -> None:
    """In this process. Other processes verify the hashes at their own, small cost."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    secrets._HASHER, secrets._NOBODYS_HASH = cheap, cheap.hash("")
