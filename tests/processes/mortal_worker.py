"""`bursar worker`, which ends without a word where a file beside its database says.

Each line of the file named by MORTAL_WORKER is a death: `answered` is the moment at which the LMS
has answered, and `recorded` the one at which a step has committed and DBOS does not know of it.
The first line that is met is taken out of the file.
"""

import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from bursar import work
from bursar.cli.worker import worker
from bursar.enrollment.gateway import LmsEnrollment, LmsGateway, LmsOutcome
from bursar.jobs import steps
from bursar.settings import Settings

DEATHS: Final = Path(os.environ["MORTAL_WORKER"])
ANSWERED, RECORDED = "answered", "recorded"


def may_die(moment: str) -> None:
    deaths = DEATHS.read_text().split()
    if deaths[:1] == [moment]:
        DEATHS.write_text("\n".join(deaths[1:]))
        os.kill(os.getpid(), signal.SIGKILL)


class MortalGateway:
    """Asks the real one."""

    def __init__(self, gateway: LmsGateway) -> None:
        self._gateway = gateway

    def enroll(self, enrollments: Sequence[LmsEnrollment]) -> list[LmsOutcome]:
        outcomes = self._gateway.enroll(enrollments)
        may_die(ANSWERED)
        return outcomes

    def end(self, enrollments: Sequence[LmsEnrollment]) -> list[LmsOutcome]:
        outcomes = self._gateway.end(enrollments)
        may_die(ANSWERED)
        return outcomes


def make_mortal() -> None:
    gateway_of, persistently = work.gateway_of, steps._persistently

    def mortal_gateway(settings: Settings) -> LmsGateway:
        return MortalGateway(gateway_of(settings))

    def recorded(stopping: Any, function: Callable[..., Any], *args: Any, **options: Any) -> Any:
        result = persistently(stopping, function, *args, **options)
        may_die(RECORDED)
        return result

    patch = pytest.MonkeyPatch()
    patch.setattr(work, "gateway_of", mortal_gateway)
    patch.setattr(steps, "_persistently", recorded)


if __name__ == "__main__":
    make_mortal()
    worker()
