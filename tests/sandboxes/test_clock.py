"""Advances of one clock that overtake each other."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from bursar import clock
from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.identity.models import Enterprise
from bursar.sandboxes.commands import AdvanceClock
from bursar.sandboxes.due import DueWork
from bursar.sandboxes.service import advance

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def test_an_advance_counts_those_that_were_made_since_its_request_came(database: Database) -> None:
    uuid = uuid4()
    with database.transaction() as session:
        session.add(
            Enterprise(
                uuid=uuid,
                name="Tests",
                slug="tests",
                is_sandbox=True,
                created_at=NOW,
                modified_at=NOW,
            )
        )
    # Both requests came when the clock was ahead by nothing.
    with clock.frozen_at(NOW), clock.ahead_by(timedelta()):
        for number in (1, 2):
            with database.transaction() as session:
                command = AdvanceClock(uuid, DAY)
                answer = advance(session, Actor("test"), DueWork(()), command)
            assert (answer.now, answer.ahead_seconds) == (NOW + number * DAY, number * 86_400)
