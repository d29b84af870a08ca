"""Waiting for something to become true. No other module of tests sleeps: a test holds that.

The limit is there to end a test that would never end. It is far above what a slow and busy
machine needs, so that no result depends on speed.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

PATIENCE_SECONDS: Final = 100.0
_LOOK_SECONDS: Final = 0.01
_RARELY_SECONDS: Final = 0.1


class WaitedInVain(AssertionError):
    """The condition did not become true within the limit."""


def wait_until(
    condition: Callable[[], object],
    what: str = "what the test waits for",
    *,
    seconds: float = PATIENCE_SECONDS,
) -> None:
    """Raises WaitedInVain. Looks often at first, then ten times a second."""
    give_up, pause = time.monotonic() + seconds, _LOOK_SECONDS
    while not condition():
        if time.monotonic() > give_up:
            raise WaitedInVain(f"it did not happen in {seconds:.0f} s: {what}")
        time.sleep(pause)
        pause = min(1.2 * pause, _RARELY_SECONDS)


async def until(condition: Callable[[], object], what: str = "what the test waits for") -> None:
    """As wait_until does, while the loop goes on."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > give_up:
            raise WaitedInVain(f"it did not happen in {PATIENCE_SECONDS:.0f} s: {what}")
        await asyncio.sleep(_LOOK_SECONDS)


def let_pass(seconds: float) -> None:
    """For time itself: a fault at a moment of chance, an answer that is slow on purpose.

    Whoever calls this is named with a reason in `tests/unit/testing/test_no_sleeps.py`.
    """
    time.sleep(seconds)


async def let_others_run(seconds: float = 0.1) -> None:
    """Before a test claims that something did not happen: it had time to. Named as `let_pass` is.

    On a slow machine a defect may stay unseen, but nothing fails that should hold.
    """
    await asyncio.sleep(seconds)
