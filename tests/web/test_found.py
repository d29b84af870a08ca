"""What is read of the database when somebody asks for metrics, and what when it does not answer."""

from collections.abc import Iterable
from datetime import datetime
from threading import Event

import pytest
from sqlalchemy import Connection

from bursar.database.engine import Database
from bursar.figures import Figure
from bursar.web import found
from bursar.web.found import StoredFigures
from bursar.work import figure_readers
from testing.databases.statements import statements_of
from testing.waiting import let_pass, wait_until


def is_up(figures: StoredFigures) -> bool:
    [first, *_] = figures.collect()
    [sample] = first.samples
    assert sample.name == "bursar_database_up"
    return sample.value == 1


def test_nothing_is_read_until_somebody_asks_and_once_for_all_who_do(database: Database) -> None:
    with statements_of(database) as seen:
        figures = StoredFigures(database, figure_readers())
        let_pass(0.1)
        assert seen == []
        assert is_up(figures)
        once = len(seen)
        assert once > 0
        assert is_up(figures)
        assert len(seen) == once


def test_they_are_read_anew_when_they_are_old(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(found, "KEPT_SECONDS", 0.0)
    figures = StoredFigures(database, figure_readers())
    with statements_of(database) as seen:
        assert is_up(figures)
        once = len(seen)
        assert is_up(figures)
        assert len(seen) == 2 * once


def test_a_database_that_says_nothing_counts_as_away_until_it_answers(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(found, "ANSWER_SECONDS", 0.1)
    answered, asked = Event(), []

    def slow(_connection: Connection, now: datetime) -> Iterable[Figure]:
        asked.append(now)
        answered.wait(20)
        return ()

    figures = StoredFigures(database, [slow])
    assert not is_up(figures)
    # Whoever asks again meets the one that still waits.
    assert not is_up(figures)
    assert len(asked) == 1
    answered.set()
    wait_until(lambda: is_up(figures), "the answer is shown")
