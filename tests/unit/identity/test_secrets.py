import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

import argon2
import pytest

from bursar.identity import secrets
from bursar.identity.secrets import burn_time, hash_secret, new_secret, verify_secret
from testing.cheap_secrets import REAL_HASHER, REAL_NOBODYS_HASH


@pytest.fixture(autouse=True)
def _real_hashes() -> Iterator[None]:
    with (
        patch.object(secrets, "_HASHER", REAL_HASHER),
        patch.object(secrets, "_NOBODYS_HASH", REAL_NOBODYS_HASH),
    ):
        yield


def test_a_secret_verifies_against_its_own_hash_only() -> None:
    hashed = hash_secret("correct horse")
    assert verify_secret(hashed, "correct horse")
    assert not verify_secret(hashed, "correct horse ")
    assert not verify_secret(hash_secret("another"), "correct horse")


def test_a_hash_has_the_recommended_cost() -> None:
    parameters = argon2.extract_parameters(hash_secret("x"))
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (19456, 2, 1)
    assert parameters.type is argon2.Type.ID


def test_nobodys_hash_costs_as_much_as_a_real_one() -> None:
    assert argon2.extract_parameters(secrets._NOBODYS_HASH) == argon2.extract_parameters(
        hash_secret("x")
    )


@pytest.mark.parametrize("hashed", ["", "plain", "$argon2id$v=19$broken"])
def test_an_unreadable_hash_verifies_nothing(hashed: str) -> None:
    assert not verify_secret(hashed, "x")


def test_any_text_can_be_a_secret() -> None:
    for secret in ("", "\x00", "pässword €", "\ud800"):
        assert verify_secret(hash_secret(secret), secret)


def test_no_more_than_two_hashes_are_made_at_once() -> None:
    running, most, lock = 0, 0, threading.Lock()
    third = threading.Event()

    class CountingHasher:
        def verify(self, _hashed: str, _secret: bytes) -> bool:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            if running > 2:
                third.set()
            # Long enough for a third to come in if nobody kept it out.
            third.wait(0.01)
            with lock:
                running -= 1
            return True

    with patch.object(secrets, "_HASHER", CountingHasher()), ThreadPoolExecutor(8) as threads:
        for attempt in [threads.submit(burn_time) for _ in range(16)]:
            attempt.result()
    assert most == 2


def test_new_secrets_are_long_and_never_the_same() -> None:
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert min(map(len, made)) >= 43


@pytest.mark.skipif(sys.platform != "linux", reason="only there a thread has a nice value")
def test_whoever_makes_hashes_yields_to_everybody_else() -> None:
    burn_time()
    thread = secrets._THREADS.submit(threading.get_native_id).result()
    assert os.getpriority(os.PRIO_PROCESS, thread) >= secrets.YIELDING
    assert thread != threading.get_native_id()
