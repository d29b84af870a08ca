"""What systemd is told, and what is kept from it."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from bursar.cli.supervisor import READY, notify, watch, watchdog_seconds


@pytest.fixture
def ears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    address = f"@{tmp_path}"
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ears:
        ears.bind(f"\0{address[1:]}")
        ears.settimeout(10)
        yield ears


def test_it_is_told_in_the_abstract_namespace_too(ears: socket.socket) -> None:
    notify(READY)
    assert ears.recv(100) == b"READY=1"


@pytest.mark.parametrize("address", ["", "/nowhere/at/all"])
def test_nobody_who_does_not_listen_is_a_trouble(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    notify(READY)


def test_the_watchdog_is_for_the_process_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert watchdog_seconds() is None
    monkeypatch.setenv("WATCHDOG_USEC", "1500000")
    assert watchdog_seconds() == 1.5
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    assert watchdog_seconds() == 1.5
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert watchdog_seconds() is None


def test_a_process_that_is_stuck_is_silent(
    ears: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "2000")
    looks, stuck, looked = 0, True, Event()

    def is_alive() -> bool:
        nonlocal looks
        looks += 1
        looked.set()
        return not stuck

    watch(is_alive)
    assert looked.wait(10)
    ears.settimeout(0)
    with pytest.raises(BlockingIOError):
        ears.recv(100)
    stuck = False
    ears.settimeout(10)
    assert ears.recv(100) == b"WATCHDOG=1"
    stuck = True
