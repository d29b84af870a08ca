"""Delivers in a process of its own; with `killed`, dies between sending a mail and recording it."""

import os
import signal
import sys
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from bursar.delivery.channel import Attempt
from bursar.schema import metadata
from testing.databases.composed import composed
from tests.delivery.world import Domain, deliver


class Doomed(Domain):
    def record(self, session: Session, attempts: Sequence[Attempt], now: datetime) -> None:
        if self.recorded:
            os.kill(os.getpid(), signal.SIGKILL)
        super().record(session, attempts, now)


if __name__ == "__main__":
    assert metadata.tables
    _, url, smtp_url, manner = sys.argv
    domain = Doomed() if manner == "killed" else Domain()
    print("ready", flush=True)
    sys.stdin.readline()
    deliver(composed(url), domain, smtp_url)
