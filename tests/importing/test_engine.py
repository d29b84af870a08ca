"""What every import of a file holds to, whatever is in the file."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from bursar.catalog.imports.models import ContentImport
from bursar.database.engine import Database
from bursar.importing.bookmarks import Bookmark
from bursar.importing.engine import Import, import_resumably, import_strictly
from bursar.importing.records import BadRecord, Entry, Listener, Place, Tally


class Desk:
    """Imports one word a line; a word in capitals is bad. What is stored is kept in a list."""

    def __init__(self, database: Database, file: Path) -> None:
        self.database = database
        self.file = file
        self.stored: list[str] = []
        self.told: list[tuple[int, str]] = []
        self.progress: list[int] = []
        self.failures: list[Exception | None] = []
        """What the next calls of the store raise, the last one first."""

    def write(self, *words: str) -> None:
        self.file.write_text("".join(f"{word}\n" for word in words))

    def read(self, place: Place) -> Iterator[Entry[str]]:
        with self.file.open("rb") as lines:
            lines.seek(place.offset)
            offset, number = place
            for raw in lines:
                offset, number = offset + len(raw), number + 1
                word = raw.decode().strip()
                problem = "shouts" if word.isupper() else ""
                yield Entry(number, None if problem else word, problem, Place(offset, number))

    def store(self, session: Session, words: Sequence[str]) -> Tally:
        failure = self.failures.pop() if self.failures else None
        if failure is not None:
            raise failure
        self.stored += words
        return Tally(created=len(words))

    @property
    def work(self) -> Import[str]:
        listener = Listener(
            lambda line, reason: self.told.append((line, reason)), self.progress.append
        )
        return Import(self.read, self.store, 2, listener)

    @property
    def bookmark(self) -> Bookmark:
        return Bookmark.of(ContentImport, self.file)

    def bookmarks(self) -> int:
        with self.database.read() as connection:
            return connection.scalar(select(func.count()).select_from(ContentImport)) or 0


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    return Desk(database, tmp_path / "words.txt")


def deadlock() -> OperationalError:
    class Gone(Exception):
        sqlstate = "40P01"
        sqlite_errorcode = 5

    return OperationalError("INSERT", {}, Gone())


def test_bad_records_are_told_and_the_others_stored(desk: Desk) -> None:
    desk.write("a", "B", "c", "d", "E")
    report = import_resumably(desk.database, desk.work, desk.bookmark)
    assert desk.stored == ["a", "c", "d"]
    assert desk.told == [(2, "shouts"), (5, "shouts")]
    assert (report.stored, report.rejected, report.resumed_at) == (Tally(3), 2, 0)
    assert desk.progress == [0, 4, 8, 10]
    assert desk.bookmarks() == 0


def test_an_import_that_broke_off_goes_on_behind_what_was_stored(desk: Desk) -> None:
    desk.write("a", "b", "c", "d", "e")
    desk.failures = [RuntimeError("pulled the plug"), None]
    with pytest.raises(RuntimeError, match="pulled the plug"):
        import_resumably(desk.database, desk.work, desk.bookmark)
    assert (desk.stored, desk.bookmarks()) == (["a", "b"], 1)
    report = import_resumably(desk.database, desk.work, desk.bookmark)
    assert report.resumed_at == 3
    assert desk.stored == ["a", "b", "c", "d", "e"]
    assert desk.bookmarks() == 0


def test_a_file_that_changed_starts_anew(desk: Desk) -> None:
    desk.write("a", "b", "c")
    with desk.database.transaction() as session:
        desk.bookmark.move(session, Place(4, 2))
    desk.write("a", "b", "c", "d")
    assert import_resumably(desk.database, desk.work, desk.bookmark).resumed_at == 0
    assert desk.stored == ["a", "b", "c", "d"]


def test_a_bookmark_moves(desk: Desk) -> None:
    desk.write("a", "b", "c")
    for place in (Place(2, 1), Place(4, 2)):
        with desk.database.transaction() as session:
            desk.bookmark.move(session, place)
        with desk.database.read() as connection:
            assert desk.bookmark.find(connection) == place
    assert desk.bookmarks() == 1


def test_a_batch_that_loses_to_another_transaction_is_done_again(desk: Desk) -> None:
    desk.write("a", "b", "c")
    desk.failures = [deadlock(), deadlock()]
    assert import_resumably(desk.database, desk.work, desk.bookmark).stored == Tally(3)
    assert desk.stored == ["a", "b", "c"]


def test_what_always_fails_is_given_up(desk: Desk) -> None:
    desk.write("a")
    desk.failures = [deadlock() for _ in range(9)]
    with pytest.raises(OperationalError):
        import_resumably(desk.database, desk.work, desk.bookmark)
    assert len(desk.failures) == 4


def test_strictly_the_first_bad_record_refuses_the_file(desk: Desk) -> None:
    desk.write("a", "b", "c", "D", "e")
    with desk.database.transaction() as session, pytest.raises(BadRecord) as refused:
        import_strictly(session, desk.work)
    assert (refused.value.line, refused.value.reason) == (4, "shouts")


def test_strictly_a_good_file_is_stored_whole(desk: Desk) -> None:
    desk.write("a", "b", "c")
    with desk.database.transaction() as session:
        assert import_strictly(session, desk.work).stored == Tally(3)
    assert desk.progress == [4, 6]
