"""A year in which the same happens every day: no table grows without end."""

from datetime import UTC, datetime
from typing import Final

import pytest

from bursar import clock
from bursar.database.engine import Database
from bursar.retention.service import forget_old
from bursar.settings import Settings
from tests.retention.life import at, live_a_day, row_counts, settle

START: Final = datetime(2027, 1, 1, 3, 47, tzinfo=UTC)
KEPT: Final = Settings(mail_days=20, event_days=20, audit_days=60, bulk_days=40)
FULL: Final = 84
"""The day by which every time has passed once."""
EVERY: Final = 7
"""Days between two on which something happens."""


def test_no_table_grows_without_end(database: Database) -> None:
    with clock.frozen_at(START):
        settle(database)
    counts = {}
    nights = 1 if database.is_sqlite else 3  # To be done in time.
    for day in range(1, 366):
        with clock.frozen_at(at(START, day)):
            if day % EVERY == 0:
                live_a_day(database)
            if day % nights == 0:
                forget_old(database, KEPT)
            if day % EVERY == 0:
                counts[day] = row_counts(database)
    most = {name: max(counts[day][name] for day in counts if day < FULL) for name in counts[FULL]}
    grown = {
        name: (day, number, counts[day][name])
        for day in counts
        for name, number in most.items()
        if counts[day][name] > number
    }
    assert grown == {}
    assert counts[FULL]["events"] > 100, "nothing happens in this world"


@pytest.mark.parametrize("days", [0, 100_000_000])
def test_for_ever_is_for_ever(database: Database, days: int) -> None:
    forever = Settings(mail_days=days, event_days=days, audit_days=days, bulk_days=days)
    with clock.frozen_at(START):
        settle(database)
        live_a_day(database)
    before = row_counts(database)
    with clock.frozen_at(at(START, 10_000)):
        assert set(forget_old(database, forever).values()) == {0}
    assert row_counts(database) == before
