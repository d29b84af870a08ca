"""Files of what a page lists: CSV that is safe to open in a spreadsheet, and NDJSON as the API has
its objects; and the request that gets the same from the API."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

import msgspec

from bursar.console.visits import File, Visit
from bursar.spreadsheet import cell

CSV, NDJSON = "csv", "ndjson"
KINDS: Final[Mapping[str, str]] = {
    CSV: "text/csv; charset=utf-8",
    NDJSON: "application/x-ndjson",
}


@dataclass(frozen=True, slots=True)
class Exports:
    """What stands below a list: where its files are, and how a program gets the same."""

    csv: str
    ndjson: str
    request: str


def exports(visit: Visit, path: str, own: Sequence[tuple[str, str]], api: str) -> Exports:
    """`own` are the parameters of the list without those of its page; `api` is a path of the API
    with its query."""
    query = f"?{urlencode(own)}" if own else ""
    request = (
        f"curl -H \"Authorization: JWT $TOKEN\" -H 'Accept: application/json' '{visit.root}{api}'"
    )
    return Exports(f"{path}.{CSV}{query}", f"{path}.{NDJSON}{query}", request)


def csv_file(name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> File:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(["" if value is None else cell(str(value)) for value in row])
    return File(f"{name}.{CSV}", KINDS[CSV], written.getvalue().encode())


def ndjson_file(name: str, items: Iterable[msgspec.Struct]) -> File:
    lines = (msgspec.json.encode(item) + b"\n" for item in items)
    return File(f"{name}.{NDJSON}", KINDS[NDJSON], b"".join(lines))
