"""Forgets answers whose Idempotency-Key has expired."""

from typing import Final

from bursar import clock
from bursar.jobs import context, steps
from bursar.jobs.registry import Workflow
from bursar.web.idempotency import forget_expired


def _forget_expired_answers() -> None:
    steps.run("forget expired answers", _forget)


def _forget() -> None:
    with context.database().transaction() as session:
        forget_expired(session, clock.now())


FORGET_EXPIRED_ANSWERS: Final = Workflow(
    "web.forget_expired_answers", _forget_expired_answers, schedule="*/10 * * * *"
)
