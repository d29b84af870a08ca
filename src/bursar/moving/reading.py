"""Reads a dump: first through to its end, to know that it is whole, and then section by section."""

import gzip
import hashlib
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, TypeVar, cast
from uuid import UUID

import msgspec

from bursar.database.migrate import REVISIONS
from bursar.moving import format as lines
from bursar.moving.refusals import DumpRefused
from bursar.moving.surveys import Survey
from bursar.moving.tables import PEOPLE, SHARED, STAYS, TABLES_OF_NOBODY, tables_of_enterprises
from bursar.moving.values import Row, row_of

_LINE: Final = msgspec.json.Decoder(dict[str, object])
_GZIP: Final = b"\x1f\x8b"
_CUT: Final = "The dump is cut off or damaged"
T = TypeVar("T")


@dataclass(frozen=True)
class DumpedRow:
    table: str
    row: Row
    event_uuid: UUID | None


@dataclass(frozen=True)
class Dump:
    """A file that was read through and is whole."""

    path: Path
    header: lines.Header
    surveys: dict[UUID, Survey]
    """Of its enterprises."""
    places: dict[int, UUID]
    """The events at some places in the log, those that were asked for."""
    people: dict[object, object]
    """Their addresses, by what names them there."""

    def sections(self) -> Iterator[tuple[lines.Section, Iterator[DumpedRow]]]:
        """Each has to be read to its end before the next one is asked for."""
        with _opened(self.path) as file:
            next(file)
            following: lines.Section | None = _section(_parsed(next(file), 2))
            while following is not None:
                section, following = following, None
                rows = _Rows(file, section)
                yield section, iter(rows)
                following = rows.following


class _Rows:
    """The rows of a section, and what comes behind them."""

    def __init__(self, file: IO[bytes], section: lines.Section) -> None:
        self._file = file
        self.section = section
        self._allowed = _tables_of(section)
        self.following: lines.Section | None = None

    def __iter__(self) -> Iterator[DumpedRow]:
        for text in self._file:
            line = _LINE.decode(text)
            if "table" in line:
                yield self.row(line)
            elif "section" in line:
                self.following = _section(line)
                return

    def row(self, line: dict[str, object]) -> DumpedRow:
        found = _converted(line, lines.RowLine)
        if found.table not in self._allowed:
            raise DumpRefused(f"Rows of {found.table} do not belong where they are in the dump.")
        return DumpedRow(found.table, row_of(found.table, found.row), found.event_uuid)


def open_dump(path: Path, places: frozenset[int] = frozenset()) -> Dump:
    """Reads the file to its end. Raises DumpRefused for one that is cut, damaged, or of a version
    that is not known here. `places`: of which places in the log the events are wanted."""
    try:
        with _opened(path) as file:
            return _read_through(path, file, places)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DumpRefused(f"{_CUT}: {error}.") from error


def _read_through(path: Path, file: IO[bytes], places: frozenset[int]) -> Dump:
    first = file.readline()
    dump = Dump(path, _header(first), {}, {}, {})
    digest, counts = hashlib.sha256(first), Counter[str]()
    section: _Rows | None = None
    for number, text in enumerate(file, 2):
        line = _parsed(text, number)
        if "end" in line:
            _check_end(line, digest.hexdigest(), counts, dump.header, file.readline())
            return dump
        digest.update(text)
        if "section" in line:
            section = _Rows(file, _section(line))
        elif section is not None:
            row = section.row(line)
            counts[row.table] += 1
            _note(dump, section.section, row, places)
        else:
            raise DumpRefused(f"{_CUT}: line {number} is in no section.")
    raise DumpRefused(f"{_CUT}: its last line is missing.")


def _note(dump: Dump, section: lines.Section, row: DumpedRow, places: frozenset[int]) -> None:
    if row.table == "event_positions" and row.event_uuid is not None:
        position = row.row["position"]
        if isinstance(position, int) and position in places:
            dump.places[position] = row.event_uuid
    if row.table == PEOPLE:
        dump.people[row.row["uuid"]] = row.row["email"]
    if section.enterprise_uuid is not None:
        survey = dump.surveys.get(section.enterprise_uuid)
        if survey is None:
            survey = dump.surveys[section.enterprise_uuid] = Survey.knowing(dump.people)
        survey.take(row.table, row.row, row.event_uuid)


def _header(text: bytes) -> lines.Header:
    line = _parsed(text, 1)
    if "bursar_dump" not in line:
        raise DumpRefused("The file is no dump of Bursar: its first line is no header.")
    if line["bursar_dump"] != lines.VERSION:
        raise DumpRefused(
            f"The dump has the format {line['bursar_dump']}, and this version reads "
            f"{lines.VERSION} only."
        )
    header = _converted(line, lines.Header)
    if header.schema != REVISIONS[-1]:
        raise DumpRefused(
            f"The dump has the schema {header.schema}, and this version {REVISIONS[-1]}: bring "
            "both installations to the same version, and dump again."
        )
    return header


def _check_end(
    line: dict[str, object],
    digest: str,
    counts: Counter[str],
    header: lines.Header,
    rest: bytes,
) -> None:
    end = _converted(line, lines.EndLine).end
    if rest.strip():
        raise DumpRefused(f"{_CUT}: something follows its last line.")
    counted = {name: number for name, number in header.counts.items() if number}
    if end.sha256 != digest or end.rows != counts.total() or counted != dict(counts):
        raise DumpRefused(f"{_CUT}: its rows are not those that were written.")


def _tables_of(section: lines.Section) -> frozenset[str]:
    allowed = {
        lines.SHARED: SHARED,
        lines.ENTERPRISE: tables_of_enterprises(),
        lines.OF_NOBODY: TABLES_OF_NOBODY,
    }.get(section.section)
    if allowed is None:
        raise DumpRefused(f"The dump has a section that is not known here: {section.section}.")
    return frozenset(allowed) - STAYS.keys()


def _section(line: dict[str, object]) -> lines.Section:
    section = _converted(line, lines.Section)
    if (section.section == lines.ENTERPRISE) != (section.enterprise_uuid is not None):
        raise DumpRefused("The dump has a section that is not of one enterprise.")
    return section


def _parsed(text: bytes, number: int) -> dict[str, object]:
    try:
        return _LINE.decode(text)
    except msgspec.DecodeError as error:
        raise DumpRefused(f"{_CUT}: line {number} is no JSON object.") from error


def _converted(line: dict[str, object], kind: type[T]) -> T:
    try:
        return msgspec.convert(line, kind)
    except msgspec.ValidationError as error:
        raise DumpRefused(f"The dump has a line that cannot be read: {error}.") from error


def _opened(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        is_compressed = file.read(2) == _GZIP
    return cast("IO[bytes]", gzip.open(path, "rb")) if is_compressed else path.open("rb")
