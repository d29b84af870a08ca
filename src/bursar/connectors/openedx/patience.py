"""Decides how long a call is repeated. Time and chance are arguments, so that tests control
them."""

from dataclasses import dataclass
from typing import Final

from bursar.connectors.openedx.answers import PassingTrouble

FAULT_SECONDS: Final = 30.0
"""For how long one call is repeated after faults."""
ASKED_SECONDS: Final = 60.0
"""For how long one call waits because the LMS asks for it. The LMS counts calls by the minute."""

_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 8.0
_SHORTEST_ASKED: Final = 1.0


@dataclass
class Patience:
    """The limits of one call. Being told to slow down is not a fault and uses up no attempt."""

    attempts: int
    failures: int = 0
    asked: float = 0.0

    def pause_after(self, trouble: PassingTrouble, elapsed: float, chance: float) -> float | None:
        """Seconds to wait before the next attempt, or None to give up. `chance` is in [0, 1)."""
        if trouble.is_throttle:
            return self._as_asked(trouble.retry_after or 0.0, chance)
        self.failures += 1
        pause = max(backoff(self.failures, chance), trouble.retry_after or 0.0)
        late = elapsed - self.asked + pause > FAULT_SECONDS
        return None if late or self.failures >= self.attempts else pause

    def _as_asked(self, seconds: float, chance: float) -> float | None:
        pause = max(seconds, _SHORTEST_ASKED)
        if self.asked + pause > ASKED_SECONDS:
            return None
        self.asked += pause
        return pause + chance / 2


def backoff(failures: int, chance: float) -> float:
    """Seconds that double with each failure. Half of them are random, so that callers spread
    out."""
    longest = min(_FIRST_PAUSE * 2.0 ** min(failures - 1, 10), _LONGEST_PAUSE)
    return longest * (1 + chance) / 2
