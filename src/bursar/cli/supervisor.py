"""What systemd is told: sd_notify(3). Without systemd, nobody is told anything.

The protocol is one datagram for each message. That is less than a library for it would be.
"""

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread
from typing import Final

READY: Final = "READY=1"
STOPPING: Final = "STOPPING=1"
_ALIVE: Final = "WATCHDOG=1"


def notify(message: str) -> None:
    """Never fails: what a supervisor does not hear must not end the process."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    # An address that begins with @ is in the abstract namespace, where it begins with a null byte.
    path = f"\0{address[1:]}" if address.startswith("@") else address
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(message.encode(), path)


def watchdog_seconds() -> float | None:
    """How often systemd wants to hear that this process works; None when it does not."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    watched = os.environ.get("WATCHDOG_PID", str(os.getpid()))
    if not microseconds.isdigit() or watched != str(os.getpid()):
        return None
    return int(microseconds) / 1_000_000


def watch(is_alive: Callable[[], bool]) -> None:
    """Tells systemd in a thread, as long as it is true, that the process works. systemd ends and
    restarts a process that it did not hear of for too long."""
    seconds = watchdog_seconds()
    if seconds is None:
        return
    never = Event()

    def go_on() -> None:
        # Half of the time, as sd_watchdog_enabled(3) advises.
        while not never.wait(seconds / 2):
            if is_alive():
                notify(_ALIVE)

    Thread(target=go_on, name="watchdog", daemon=True).start()
