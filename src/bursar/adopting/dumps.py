"""Reads what `manage.py dumpdata` has written, an object at a time: one JSON array or an object a
line, compressed with gzip or not."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, cast

import ijson
import msgspec

from bursar.importing.raw_lines import BYTE_ORDER_MARK, next_line

_GZIP: Final = b"\x1f\x8b"
_OBJECTS_BETWEEN_REPORTS: Final = 10_000
_CUT: Final = "the file is cut in the middle or damaged"


class DumpRefused(Exception):
    """A dump cannot be read. The text is a sentence with the file and the object."""


@dataclass(frozen=True, slots=True)
class DumpedObject:
    """An object as Django has serialised it, and which of the file it is; the first is 1."""

    number: int
    model: str
    pk: object
    fields: dict[str, object]


class _Serialised(msgspec.Struct):
    model: str
    fields: dict[str, object]
    pk: object = msgspec.UNSET


@dataclass(slots=True)
class _Reading:
    """How far a file was read, for the sentence of a refusal."""

    name: str
    number: int = 0
    last: str = "the beginning"

    def refusal(self, why: str) -> DumpRefused:
        return DumpRefused(f"{self.name}: after {self.last}: {why}")


def read_dump(
    path: Path, told: Callable[[int], None] = lambda _bytes: None
) -> Iterator[DumpedObject]:
    """The objects of a file. `told` hears how many bytes of it were read. Raises DumpRefused."""
    reading = _Reading(path.name)
    with path.open("rb") as raw, _refusing(reading):
        file = _opened(raw)
        objects = _array(file) if _begins_as_array(file) else _lines(file)
        for value in objects:
            reading.number += 1
            found = _object(reading, value)
            reading.last = f"object {found.number} ({found.model} {found.pk})"
            yield found
            if reading.number % _OBJECTS_BETWEEN_REPORTS == 0:
                told(raw.tell())
        told(raw.tell())


@contextmanager
def _refusing(reading: _Reading) -> Iterator[None]:
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile, ijson.IncompleteJSONError) as error:
        raise reading.refusal(_CUT) from error
    except (ijson.JSONError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise reading.refusal(f"no JSON of dumpdata: {error}") from error
    except RecursionError:
        raise reading.refusal("an object is nested too deep") from None


def _opened(raw: BinaryIO) -> BinaryIO:
    is_compressed = raw.read(len(_GZIP)) == _GZIP
    raw.seek(0)
    return cast("BinaryIO", gzip.open(raw)) if is_compressed else raw


def _begins_as_array(file: BinaryIO) -> bool:
    """Leaves the file at its first character that is no space."""
    if file.read(len(BYTE_ORDER_MARK)) != BYTE_ORDER_MARK:
        file.seek(0)
    begin = file.tell()
    while (character := file.read(1)).isspace():
        begin = file.tell()
    file.seek(begin)
    return character == b"["


def _array(file: BinaryIO) -> Iterator[object]:
    yield from ijson.items(file, "item", use_float=True)


def _lines(file: BinaryIO) -> Iterator[object]:
    while (line := next_line(file)) is not None:
        if line.is_too_long:
            raise msgspec.DecodeError("a line of more than 16 MiB")
        text = line.text.strip()
        if text:
            yield _decoded(text, is_whole=line.text.endswith(b"\n"))


def _decoded(text: bytes, *, is_whole: bool) -> object:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        if not is_whole:  # the last line, without its end
            raise EOFError from error
        raise


def _object(reading: _Reading, value: object) -> DumpedObject:
    try:
        found = msgspec.convert(value, _Serialised)
    except msgspec.ValidationError as error:
        raise reading.refusal(
            f"object {reading.number} is none of dumpdata, with model, pk and fields: {error}"
        ) from error
    if found.pk in (msgspec.UNSET, None):
        raise reading.refusal(
            f"object {reading.number} ({found.model}) has no pk: dump without --natural-primary"
        )
    return DumpedObject(reading.number, found.model.lower(), found.pk, found.fields)
