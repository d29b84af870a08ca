"""The faults that happen while clients are at work."""

import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Final

from proof.installation import Installation
from testing.servers.processes import ServerProcess
from testing.waiting import let_pass

DATABASE_AWAY_SECONDS: Final = 3.0


@dataclass
class Faults:
    """Kills a process every few seconds, stops the database once, half-way, and kills it for good
    after three quarters of the time, when the standby takes over."""

    installation: Installation
    random: Random
    injected: Counter[str] = field(default_factory=Counter)
    recovery_seconds: list[float] = field(default_factory=list)
    """From each kill until the process serves again."""

    def inject(self, seconds: float, every: float) -> None:
        started, victims = time.monotonic(), self._victims()
        special = [(seconds / 2, self._stop_database), (seconds * 3 / 4, self._fail_over)]
        while (passed := time.monotonic() - started) < seconds:
            let_pass(min(every * self.random.uniform(0.5, 1.5), seconds - passed))
            if special and time.monotonic() - started > special[0][0]:
                special.pop(0)[1]()
            else:
                self._kill(victims[self.injected.total() % len(victims)])
        for _, strike in special:  # a slow machine was busy with the one process
            strike()

    def _victims(self) -> list[tuple[str, ServerProcess]]:
        """The processes to kill, in random order but each as often as the others."""
        webs = [("web process killed", web) for web in self.installation.webs]
        workers = [("worker killed", worker) for worker in self.installation.workers]
        victims: list[tuple[str, ServerProcess]] = [*webs, *workers]
        self.random.shuffle(victims)
        return victims

    def _kill(self, victim: tuple[str, ServerProcess]) -> None:
        name, process = victim
        self.injected[name] += 1
        process.kill()
        started = time.monotonic()
        process.start()
        self.recovery_seconds.append(time.monotonic() - started)

    def _stop_database(self) -> None:
        self.injected["database stopped"] += 1
        self.installation.primary.pause()
        let_pass(DATABASE_AWAY_SECONDS)
        self.installation.primary.resume()

    def _fail_over(self) -> None:
        self.injected["primary lost"] += 1
        self.installation.primary.kill()
        let_pass(DATABASE_AWAY_SECONDS)
        self.installation.standby.promote()
