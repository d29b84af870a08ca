"""What is read of the database when somebody asks for metrics, and what when it does not answer."""

import socket
from collections.abc import Iterator
from time import monotonic

import pytest

from bursar.database.engine import Database
from bursar.web import found
from bursar.web.found import StoredFigures
from bursar.work import figure_readers
from testing.databases.statements import statements_of
from testing.waiting import let_pass


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


@pytest.fixture
def silent() -> Iterator[tuple[Database, socket.socket]]:
    """A database whose server takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        yield Database(f"postgresql://nobody@127.0.0.1:{port}/none"), server


def test_a_database_that_says_nothing_counts_as_away_soon(
    silent: tuple[Database, socket.socket],
) -> None:
    database, server = silent
    figures = StoredFigures(database, figure_readers())
    begun = monotonic()
    assert not is_up(figures)
    assert monotonic() - begun < 60
    assert not is_up(figures)
    # Whoever asks again meets the one that still waits.
    server.settimeout(5)
    accepted, _ = server.accept()
    server.settimeout(0.2)
    with pytest.raises(TimeoutError):
        server.accept()
    accepted.close()
