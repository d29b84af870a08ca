"""The faults that happen while clients are at work."""

import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Final

from proof.installation import Installation
from testing.servers.processes import ServerProcess
from testing.waiting import WaitedInVain, let_pass, wait_until

DATABASE_AWAY_SECONDS: Final = 3.0
HELD_SECONDS: Final = 60.0
"""How long a fault waits for a mail or an enrollment to be under way."""


@dataclass
class Faults:
    """Kills a process every few seconds. Evenly spread over the time, all workers are killed while
    they send a mail, the primary is killed and comes back, all workers are killed while the LMS
    enrolls somebody, and the primary is lost for good and the standby takes over."""

    installation: Installation
    random: Random
    injected: Counter[str] = field(default_factory=Counter)
    recovery_seconds: list[float] = field(default_factory=list)
    """From each kill until the process serves again."""

    def inject(self, seconds: float, every: float) -> None:
        started = time.monotonic()
        victims, singles = self._victims(), self._singles()
        planned = len(singles) + 1
        while (passed := time.monotonic() - started) < seconds:
            let_pass(min(every * self.random.uniform(0.5, 1.5), seconds - passed))
            has_come = (planned - len(singles)) * seconds / planned
            if singles and time.monotonic() - started > has_come:
                singles.popleft()()
            else:
                self._kill(victims[self.injected.total() % len(victims)])
        for single in singles:  # a slow machine was busy with the others
            single()

    def _singles(self) -> deque[Callable[[], None]]:
        return deque(
            [
                self._kill_while_sending,
                self._kill_database,
                self._kill_while_enrolling,
                self._fail_over,
            ]
        )

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

    def _kill_database(self) -> None:
        """All of its processes get SIGKILL, so that what was not on the disk is lost."""
        self.injected["database killed"] += 1
        self.installation.primary.crash()
        let_pass(DATABASE_AWAY_SECONDS)
        self.installation.primary.resume()

    def _fail_over(self) -> None:
        self.injected["primary lost"] += 1
        self.installation.primary.kill()
        let_pass(DATABASE_AWAY_SECONDS)
        self.installation.standby.promote()

    def _kill_while_sending(self) -> None:
        """The mail server has the message and has not answered yet."""
        sink = self.installation.sink
        sink.held, sink.is_holding = 0, True
        try:
            with suppress(WaitedInVain):
                wait_until(lambda: sink.held, seconds=HELD_SECONDS)
                self.injected["workers killed while they sent a mail"] += 1
            self._kill_workers()
        finally:
            sink.is_holding = False
        self._start_workers()

    def _kill_while_enrolling(self) -> None:
        """The LMS has the request, and acts on it when nobody waits for its answer any more."""
        workers = len(self.installation.workers)
        with suppress(WaitedInVain):
            self.installation.hold_lms(workers, seconds=2, patience=HELD_SECONDS)
            self.injected["workers killed while the LMS enrolled"] += 1
        self._kill_workers()
        self._start_workers()

    def _kill_workers(self) -> None:
        for worker in self.installation.workers:
            worker.kill()

    def _start_workers(self) -> None:
        for worker in self.installation.workers:
            worker.start()
