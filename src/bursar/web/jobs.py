"""Deletes stored answers whose Idempotency-Key has expired."""

from typing import Final

from bursar import clock
from bursar.database.engine import Database
from bursar.jobs import steps
from bursar.jobs.context import JobContext
from bursar.jobs.registry import Workflow
from bursar.web.idempotency import forget_expired


def _forget_expired_answers(context: JobContext) -> None:
    steps.run(context, "forget expired answers", _forget, context.database)


def _forget(database: Database) -> None:
    with database.transaction() as session:
        forget_expired(session, clock.now())


FORGET_EXPIRED_ANSWERS: Final = Workflow(
    "web.forget_expired_answers", _forget_expired_answers, schedule="*/10 * * * *"
)
